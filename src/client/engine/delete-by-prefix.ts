/**
 * Deletes all keys that begin with a prefix, on a server that knows SCAN and UNLINK.
 *
 *   SCAN 0  ->  page 1 ──┬── UNLINK page 1
 *                        └── SCAN ...  ->  page 2 ──┬── UNLINK page 2 ...
 *
 * A key that is there from the call to its end is found for certain; one that comes meanwhile may be deleted too. Keys
 * are bytes here, whatever others have written into them.
 *
 * In a cluster each key has an UNLINK of its own, since a command has keys of one slot only.
 *
 * Bounded: a page and the deletes of the page before it are under way, no more.
 */
import type { Reply } from '../../resp/index.js';
import type { Argument } from '../connection/command-encoder.js';
import type { Connection } from '../connection/connection.js';
import { ClientError } from '../errors.js';
import type { TimeSource } from '../time.js';

/** Keys that a server looks at in one go: a fraction of a millisecond, in which it does nothing else. */
const PAGE_KEYS = 1_000;
/** Bytes of keys in one UNLINK, so that long keys do not fill the connection's bound. */
const BATCH_BYTES = 1024 * 1024;

/** Resolves to how many keys were deleted. */
export async function deleteByPrefix(
  connection: Connection,
  prefix: string,
  deadlineMs: number,
  time: TimeSource,
  isOfCluster: boolean,
): Promise<number> {
  const endMs = time.now() + deadlineMs;
  const match = prefix === '' ? [] : ['MATCH', `${escaped(prefix)}*`];
  let cursor: Argument = '0';
  let batches: Argument[][] = [];
  let deleted = 0;
  do {
    const leftMs = Math.ceil(endMs - time.now());
    if (leftMs <= 0) throw tooLate(prefix, deadlineMs, deleted);
    const what = { deadlineMs: leftMs };
    const scan = connection.call(['SCAN', cursor, ...match, 'COUNT', PAGE_KEYS], what);
    const unlinks = batches.map((keys) => connection.call(['UNLINK', ...keys], what));
    const [page, ...counts] = await Promise.all([scan, ...unlinks]);
    for (const count of counts) deleted += Number(count);
    const [next, keys] = pageOf(page);
    batches = isOfCluster ? keys.map((key) => [key]) : batchesOf(keys);
    cursor = next;
  } while (!isZero(cursor));
  const leftMs = Math.max(1, Math.ceil(endMs - time.now()));
  const counts = await Promise.all(
    batches.map((keys) => connection.call(['UNLINK', ...keys], { deadlineMs: leftMs })),
  );
  for (const count of counts) deleted += Number(count);
  return deleted;
}

/** A pattern that matches these characters and nothing else. */
function escaped(text: string): string {
  return text.replace(/[*?[\]\\^-]/g, '\\$&');
}

function pageOf(reply: Reply): [next: Uint8Array, keys: Uint8Array[]] {
  if (Array.isArray(reply) && reply[0] instanceof Uint8Array && Array.isArray(reply[1])) {
    return [reply[0], reply[1].filter((key) => key instanceof Uint8Array)];
  }
  throw new ClientError('PROTOCOL', 'SCAN was answered with something that is no page of keys');
}

function isZero(cursor: Argument): boolean {
  return cursor instanceof Uint8Array && cursor.length === 1 && cursor[0] === 0x30;
}

function batchesOf(keys: readonly Uint8Array[]): Uint8Array[][] {
  const batches: Uint8Array[][] = [];
  let bytes = BATCH_BYTES;
  for (const key of keys) {
    if (bytes + key.length > BATCH_BYTES) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(key);
    bytes += key.length;
  }
  return batches;
}

function tooLate(prefix: string, deadlineMs: number, deleted: number): ClientError {
  const message = `${deleted} keys that begin with '${prefix}' were deleted within ${deadlineMs} ms, and there are more; try again with a longer deadline`;
  return new ClientError('DEADLINE', message, { mayHaveRun: true });
}
