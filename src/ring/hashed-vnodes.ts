/**
 * Vnodes that need no agreement: each stands where the hash of its name puts it.
 *
 *   NUMBER#ID     '0#10.0.0.1:7000', '1#10.0.0.1:7000', ...
 *
 * The number goes first into the hash: were it last, two ids with one hash would have all their vnodes in common.
 */
import { Block } from '../base/index.js';
import { Circle } from './circle.js';
import { murmur3 } from './murmur3.js';
import type { ResolvedNode } from './ring-nodes.js';

/** Room for the digits of the number. */
const MAX_DIGITS = 10;
const DIGIT_ZERO = 0x30;

/** The circle of these nodes; the place of a node in the list is its number as an owner. */
export function hashedVnodes(nodes: readonly ResolvedNode[]): Circle {
  const total = nodes.reduce((sum, { vnodes }) => sum + vnodes, 0);
  const positions = new Uint32Array(total);
  const owners = new Uint16Array(total);
  let point = 0;
  for (const [owner, { id, vnodes }] of nodes.entries()) {
    const name = Block.of(`${'0'.repeat(MAX_DIGITS)}#${id}`);
    for (let number = 0; number < vnodes; number++) {
      const at = writeNumber(name.bytes, MAX_DIGITS, number);
      positions[point] = murmur3(name, at, name.bytes.length - at);
      owners[point++] = owner;
    }
  }
  return new Circle(positions, owners, nodes.length);
}

/** Writes a number in decimal so that it ends before `end`. Returns where it starts. */
function writeNumber(bytes: Uint8Array, end: number, number: number): number {
  let at = end;
  do {
    bytes[--at] = DIGIT_ZERO + (number % 10);
    number = Math.floor(number / 10);
  } while (number > 0);
  return at;
}
