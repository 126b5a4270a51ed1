/**
 * The ring of independent nodes: which of them has a key, computed from the list of nodes alone.
 *
 * Nobody has to agree on anything but the list: every client with the same ids and weights, in whatever order, picks
 * the same node for a key. docs/ring.md says how, for other languages.
 *
 *   vnode `number` of a node   stands at   murmur3(number + '#' + id)      number: 0 to weight * 3072 - 1, in decimal
 *   a key                      stands at   murmur3(hash tag, or the key)   and belongs to the next vnode clockwise
 *
 * Invariants
 * - A node's vnodes depend on nothing but itself, so a newcomer takes keys and never moves one between old nodes, and
 *   one that leaves gives up its own keys only, each to the second of its `pickN`.
 * - The largest share is at most 1.10 times the mean, by weight, from 3 to 100 nodes whose weights are 1 or more.
 *
 * A ring does not change; another list makes another ring. A node that is down stays in the list: without it its keys
 * would move, and come back later with what was deleted meanwhile.
 *
 * Cost: 18 KB a node of weight 1. A pick hashes the key and bisects, and allocates nothing.
 */
import { type Block, hashTagEnd, hashTagStart } from '../base/index.js';
import { type Circle, POSITIONS } from './circle.js';
import { hashedVnodes } from './hashed-vnodes.js';
import { murmur3, murmur3Text } from './murmur3.js';
import { type RingNode, resolveNodes } from './ring-nodes.js';

export class Ring {
  /** The nodes, sorted. */
  readonly ids: readonly string[];
  readonly #circle: Circle;

  /** 1 to 1024 nodes with different ids, in any order. Throws RingNodesError, with all that is wrong with them. */
  constructor(nodes: readonly RingNode[]) {
    const resolved = resolveNodes(nodes);
    this.ids = Object.freeze(resolved.map(({ id }) => id));
    this.#circle = hashedVnodes(resolved);
  }

  get vnodes(): number {
    return this.#circle.points;
  }

  /** The id of the node that has the key. */
  pick(key: string): string {
    return this.ids[this.#circle.ownerAt(positionOfText(key))];
  }

  /** `pick` for the bytes of a key: the same node as for the string whose UTF-8 they are. */
  pickBytes(block: Block, at: number, length: number): string {
    return this.ids[this.#circle.ownerAt(positionOfBytes(block, at, length))];
  }

  /**
   * Different nodes for `count` copies of the key; all nodes if there are no more. The first is the one of `pick`, and
   * fewer copies are on the first of these.
   */
  pickN(key: string, count: number): string[] {
    return this.#idsAt(positionOfText(key), count);
  }

  /** `pickN` for the bytes of a key. */
  pickNBytes(block: Block, at: number, length: number, count: number): string[] {
    return this.#idsAt(positionOfBytes(block, at, length), count);
  }

  /** The part of all possible keys that each node has; together 1. */
  shares(): Map<string, number> {
    const positions = this.#circle.positionsOfOwners();
    return new Map(this.ids.map((id, owner) => [id, positions[owner] / POSITIONS]));
  }

  #idsAt(position: number, count: number): string[] {
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(`count is ${count}: give an integer from 1 on`);
    }
    return this.#circle.ownersAt(position, count).map((owner) => this.ids[owner]);
  }
}

function positionOfText(key: string): number {
  const start = hashTagStart(key, 0, key.length);
  return murmur3Text(key, start, hashTagEnd(key, 0, key.length, start));
}

function positionOfBytes(block: Block, at: number, length: number): number {
  const start = hashTagStart(block.bytes, at, at + length);
  return murmur3(block, start, hashTagEnd(block.bytes, at, at + length, start) - start);
}
