import { bulkBytes, type Reply } from '../../resp/index.js';
import { ClientError } from '../errors.js';
import type { Caller } from './caller.js';

/** Keys the server looks at per call: some 0.1 ms of its time. */
const LOOKED_AT = 500;

/**
 * The keys that begin with a prefix, as bytes, some at a time. Each key that is there from the first step to the last
 * is among them, perhaps twice.
 */
export async function* scanKeys(
  caller: Caller,
  prefix: string,
  leftMs: () => number,
): AsyncGenerator<Uint8Array[]> {
  const pattern = `${prefix.replace(/[\\*?[\]^-]/g, '\\$&')}*`;
  let cursor = '0';
  do {
    const args = ['SCAN', cursor, 'MATCH', pattern, 'COUNT', LOOKED_AT];
    const page = await caller.call(args, { deadlineMs: leftMs(), decode: bulkBytes, take: pageOf });
    cursor = page.cursor;
    if (page.keys.length > 0) yield page.keys;
  } while (cursor !== '0');
}

function pageOf(reply: Reply): { cursor: string; keys: Uint8Array[] } {
  if (Array.isArray(reply) && reply.length === 2) {
    const [cursor, keys] = reply;
    if (cursor instanceof Uint8Array && Array.isArray(keys)) {
      return { cursor: Buffer.from(cursor).toString('latin1'), keys: keys as Uint8Array[] };
    }
  }
  throw new ClientError('PROTOCOL', 'SCAN was not answered with a cursor and keys');
}
