/** States of a register for tests: one for each number, all different, the whole of each told by its number. */
import assert from 'node:assert/strict';
import type { MindDisk } from '../../cluster/index.js';
import { firstTopology, isRefusal, type Topology } from '../../ring/index.js';
import type { Log } from '../options.js';

const first = firstTopology({
  clusterId: 'test',
  nodes: ['n1', 'n2', 'n3'].map((node) => ({
    node,
    incarnation: '1-a',
    host: `host-${node}`,
    port: 6379,
    busPort: 16379,
    zone: '',
    holdsData: true,
  })),
  shards: 3,
  replicasPerShard: 0,
  lease: { leaseMs: 1500, driftPermille: 50, slackMs: 20 },
  maxUnreplicatedMs: 1000,
});

export function stateOf(number: number): MindDisk {
  if (isRefusal(first)) assert.fail(first.refused);
  const value: Topology = { ...first, version: number };
  return {
    term: number,
    votedFor: number % 2 === 0 ? 'n2' : undefined,
    accepted: {
      position: { term: number, version: number },
      base: { version: number - 1, voterSets: [['n1'], ['n1', 'n2', 'n3']] },
      value,
    },
  };
}

/** A log that keeps its lines, as 'warn: text'. */
export function recordingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  return { lines, debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
}
