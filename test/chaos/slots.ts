/** CLUSTER SLOTS, read: which node is the primary of which slots, and who are its replicas. */
import type { Plain } from '../kit/frames.js';
import type { NodeAddress } from './links.js';

export interface Owner {
  readonly first: number;
  readonly last: number;
  /** Numbers of nodes. */
  readonly primary: number;
  readonly replicas: readonly number[];
}

/** -1 for a node that is not among them. */
export function readSlots(reply: readonly Plain[], nodes: readonly NodeAddress[]): Owner[] {
  return reply.map((range) => {
    const [first, last, ...places] = range as readonly Plain[];
    const numbers = places.map((place) => {
      const [host, port] = place as readonly Plain[];
      return nodes.findIndex((one) => one.host === host && String(one.port) === port);
    });
    return { first: Number(first), last: Number(last), primary: numbers[0], replicas: numbers.slice(1) };
  });
}

export function ownerOf(owners: readonly Owner[], slot: number): Owner | undefined {
  return owners.find(({ first, last }) => slot >= first && slot <= last);
}
