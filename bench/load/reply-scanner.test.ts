import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Dialect, ReplyScanner } from './reply-scanner.js';

interface Sample {
  readonly bytes: string;
  readonly miss?: boolean;
  readonly error?: boolean;
}

const value = 'END\r\n$5\r\n-ERR\r\nSTORED\r\n';
const samples: Record<Dialect, Sample[]> = {
  resp: [
    { bytes: '+OK\r\n' },
    { bytes: ':12\r\n' },
    { bytes: '$3\r\nabc\r\n' },
    { bytes: '$0\r\n\r\n' },
    { bytes: `$${value.length}\r\n${value}\r\n` },
    { bytes: '$-1\r\n', miss: true },
    { bytes: '_\r\n', miss: true },
    { bytes: "-OOM command not allowed when used memory > 'maxmemory'.\r\n", error: true },
  ],
  memcached: [
    { bytes: 'STORED\r\n' },
    { bytes: 'END\r\n', miss: true },
    { bytes: 'VALUE key:000000000042 0 3\r\nabc\r\nEND\r\n' },
    { bytes: 'VALUE key:000000000042 0 0\r\n\r\nEND\r\n' },
    { bytes: `VALUE k 7 ${value.length}\r\n${value}\r\nEND\r\n` },
    { bytes: 'ERROR\r\n', error: true },
    { bytes: 'SERVER_ERROR out of memory storing object\r\n', error: true },
    { bytes: 'NOT_STORED\r\n', error: true },
  ],
};

for (const dialect of ['resp', 'memcached'] as const) {
  const anyReplies = fc.array(fc.constantFrom(...samples[dialect]), { maxLength: 20 });
  test(`${dialect}: any replies, split anywhere, are counted`, () => {
    fc.assert(
      fc.property(anyReplies, fc.array(fc.nat({ max: 400 }), { maxLength: 30 }), (replies, cuts) => {
        const scanner = new ReplyScanner(dialect);
        feedInPieces(scanner, Buffer.from(replies.map((reply) => reply.bytes).join(''), 'latin1'), cuts);
        assert.equal(scanner.replies, replies.length);
        assert.equal(scanner.misses, replies.filter((reply) => reply.miss).length);
        assert.equal(scanner.errors, replies.filter((reply) => reply.error).length);
        assert.equal(scanner.firstError, replies.find((reply) => reply.error)?.bytes.trimEnd() ?? '');
      }),
    );
  });

  test(`${dialect}: a reply is counted with its last byte, not before`, () => {
    for (const { bytes } of samples[dialect]) {
      const scanner = new ReplyScanner(dialect);
      const whole = Buffer.from(bytes, 'latin1');
      for (let at = 0; at < whole.length; at++) {
        assert.equal(scanner.replies, 0, `${JSON.stringify(bytes)} after ${at} bytes`);
        scanner.feed(whole, at, at + 1);
      }
      assert.equal(scanner.replies, 1, JSON.stringify(bytes));
    }
  });
}

function feedInPieces(scanner: ReplyScanner, bytes: Buffer, cuts: number[]): void {
  const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    scanner.feed(bytes, from, end);
    from = end;
  }
}
