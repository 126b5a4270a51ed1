/** Expectations about one reply, for replies that hold ids, ports or versions. */
import assert from 'node:assert/strict';
import { decode, type Reply, show } from './frames.js';

/** A frame as text exactly, or a check of the decoded reply. */
export type Expected = string | ((reply: Reply) => void);

export function expectReply(frame: Buffer | undefined, expected: Expected, what: string): void {
  assert.ok(frame, `${what}: the connection was closed`);
  if (typeof expected === 'string') {
    assert.equal(show(frame), show(expected), what);
    return;
  }
  try {
    expected(decode(frame));
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}; the reply is ${show(frame)}`);
  }
}

/** The entries of a map reply, or of the flat array which stands for it in RESP2. */
export function entries(reply: Reply): Map<string, Reply> {
  assert.ok(Array.isArray(reply.value), 'a map or a flat array');
  assert.ok(reply.type === '%' || reply.type === '*', `type ${reply.type}`);
  const found = new Map<string, Reply>();
  for (let i = 0; i < reply.value.length; i += 2) found.set(String(reply.value[i].value), reply.value[i + 1]);
  return found;
}

export function items(reply: Reply): readonly Reply[] {
  assert.ok(Array.isArray(reply.value), `an array instead of ${reply.type}${reply.value}`);
  return reply.value;
}

export function text(reply: Reply | undefined): string {
  assert.equal(typeof reply?.value, 'string');
  const value = reply?.value as string;
  // A verbatim string begins with its format.
  return reply?.type === '=' ? value.slice('txt:'.length) : value;
}

/** An integer reply between two bounds. */
export function integer(reply: Reply | undefined, low: number, high: number): number {
  assert.equal(reply?.type, ':', 'an integer');
  const value = Number(reply?.value);
  assert.ok(value >= low && value <= high, `${value} is from ${low} to ${high}`);
  return value;
}
