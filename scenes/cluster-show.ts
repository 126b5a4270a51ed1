/**
 * A scene of a cluster, ours beside Redis Cluster: the chaos (test/chaos) with one fault, each product in a process of its own, both at once.
 *
 *   scene --fork--> cluster-run ── six nodes, two clients
 *         <---- notes, facts ----
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { findContender } from '../bench/node/servers.js';
import { networkProblem } from '../test/chaos/network.js';
import type { ClusterRun, ClusterTold } from './cluster-run.js';
import type { Facts } from './scene.js';
import type { Screen } from './screen.js';
import type { Show } from './show.js';

export interface ClusterScene {
  readonly title: string;
  readonly story: string;
  readonly fault: ClusterRun['fault'];
}

const ways = ['nuthatch', 'redis-cluster'] as const;
type ClusterWay = (typeof ways)[number];

const contenders = { nuthatch: 'nuthatch', 'redis-cluster': 'redis' } as const;
const program = fileURLToPath(new URL('./cluster-run.js', import.meta.url));

export function clusterShow({ title, story, fault }: ClusterScene): Show {
  const contender = (way: string) => findContender(contenders[way as ClusterWay]);
  return {
    title,
    story,
    reality: 'All nodes, clients and faults are real.',
    ways,
    problem: () => (fault === 'cut' ? networkProblem() : undefined),
    here: () => {
      const missing = ways.map(contender).filter((found) => typeof found === 'string');
      return { ways: ways.filter((way) => typeof contender(way) !== 'string'), missing };
    },
    summaryOf: (way) => {
      const found = contender(way);
      if (typeof found === 'string') throw new Error(found);
      return `6 nodes of ${found.name} ${found.version} at their defaults`;
    },
    play: async (chosen, screen) => {
      try {
        return await Promise.all(
          chosen.map((way, column) =>
            playOne({ against: way === 'nuthatch' ? 'nuthatch' : 'redis', fault }, screen, column),
          ),
        );
      } finally {
        screen.close();
      }
    },
  };
}

async function playOne(run: ClusterRun, screen: Screen, column: number): Promise<Facts> {
  const child = fork(program, { serialization: 'advanced' });
  let facts: Facts | undefined;
  child.on('message', (told: ClusterTold) => {
    if ('note' in told) screen.note(column, told.note);
    else facts = told.facts;
  });
  child.send(run);
  const [code, signal] = await once(child, 'exit');
  if (facts === undefined)
    throw new Error(`the run of ${run.against} has ended (${signal ?? `code ${code}`})`);
  return facts;
}
