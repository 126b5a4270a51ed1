/** Lists of nodes as users name them, and how evenly a ring of them deals out the keys. */
import { Random } from '../base/index.js';
import { Ring, type RingNode } from './index.js';

const random = new Random(7);
const randomNames = Array.from({ length: 101 }, () => `${random.uint32().toString(36)}:6379`);

/** The name of the node `number`, 1 to 100, in sets of different kinds. */
export const nameSets: Record<string, (number: number) => string> = {
  addresses: (number) => `10.0.0.${number}:6379`,
  hosts: (number) => `cache-${number}.internal:6379`,
  ports: (number) => `127.0.0.1:${7000 + number}`,
  letters: (number) => `n${number}`,
  random: (number) => randomNames[number],
};

export function nodesOf(set: string, count: number): RingNode[] {
  return Array.from({ length: count }, (_, i) => ({ id: nameSets[set](i + 1) }));
}

/** The largest share for a weight of 1, in means of it. */
export function largestShare(nodes: readonly RingNode[]): number {
  const shares = new Ring(nodes).shares();
  const totalWeight = nodes.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return Math.max(...nodes.map(({ id, weight = 1 }) => (shares.get(id)! / weight) * totalWeight));
}
