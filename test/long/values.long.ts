/**
 * The largest value through the wire: 512 MB go in and come out unchanged while another client is served, and one byte
 * more is refused before it is sent.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { RawConnection } from '../kit/connection.js';
import { startNuthatch } from '../kit/servers.js';

const mib = 2 ** 20;
const maxValueBytes = 512 * mib;
/** The pattern repeats at a length that is no multiple of anything, so that a part in the wrong place is seen. */
const part = Buffer.alloc(mib - 7, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));

/** The value, part by part. */
function* parts(): Generator<Buffer> {
  for (let left = maxValueBytes; left > 0; left -= part.length)
    yield part.subarray(0, Math.min(left, part.length));
}

test('a value of 512 MB', async (t) => {
  const node = await startNuthatch(['--max-memory', '1gb', '--max-clients-memory', '4gb']);
  t.after(() => node.stop());
  const other = await RawConnection.open(node.port);
  const socket = connect({ port: node.port, host: '127.0.0.1' });
  const sent = createHash('sha1');
  socket.write(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$${maxValueBytes}\r\n`);
  for (const bytes of parts()) {
    sent.update(bytes);
    if (!socket.write(bytes)) await once(socket, 'drain');
    assert.equal(await other.call('PING'), 'PONG');
  }
  socket.write('\r\n');
  const [reply] = (await once(socket, 'data')) as [Buffer];
  assert.equal(reply.toString(), '+OK\r\n');
  assert.equal(await other.call('STRLEN', 'large'), String(maxValueBytes));

  const received = createHash('sha1');
  const head = `$${maxValueBytes}\r\n`;
  let bytes = 0;
  socket.write('*2\r\n$3\r\nGET\r\n$5\r\nlarge\r\n');
  while (bytes < head.length + maxValueBytes + 2) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    // The value alone is hashed: without the line before it and the line end behind it.
    const from = Math.max(0, head.length - bytes);
    const to = Math.min(chunk.length, head.length + maxValueBytes - bytes);
    if (to > from) received.update(chunk.subarray(from, to));
    bytes += chunk.length;
  }
  assert.equal(bytes, head.length + maxValueBytes + 2);
  assert.equal(received.digest('hex'), sent.digest('hex'));

  assert.equal(
    await other.call('APPEND', 'large', 'x'),
    '-ERR string exceeds maximum allowed size (proto-max-bulk-len)',
  );
  assert.equal(
    await other.call('SETRANGE', 'large', String(maxValueBytes), 'x'),
    '-ERR string exceeds maximum allowed size (proto-max-bulk-len)',
  );
  assert.equal(await other.call('DEL', 'large'), '1');
  other.send(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$${maxValueBytes + 1}\r\n`);
  assert.equal((await other.untilClosed()).toString(), '-ERR Protocol error: invalid bulk length\r\n');
  socket.destroy();
});
