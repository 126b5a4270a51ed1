/** Places for nodes of a cluster on the loopback, and the cluster with which they begin. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  firstTopology,
  isRefusal,
  type Topology,
  type TopologyNode,
  topologyDefaults,
} from '../../ring/index.js';
import type { MindPlace } from './thread-messages.js';

/** Tells a hang from slowness, in ms: some elections on a machine with much other work. */
const HANG_MS = 100_000;
/** Elections and leases are real here, so looks at them need not be many. */
const LOOK_MS = 10;

/** Lets all go on until the condition holds. */
export async function eventually(condition: () => boolean): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > HANG_MS) throw new Error(`never: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

export const SECRET = 'a secret of these tests';

interface Ending {
  readonly folders: string[];
  readonly closes: (() => Promise<void>)[];
}

const endings = new WeakMap<TestContext, Ending>();

/** What is to be done at the end of a test: first all that runs is closed, then its folders are removed. */
function endingOf(t: TestContext): Ending {
  const known = endings.get(t);
  if (known !== undefined) return known;
  const ending: Ending = { folders: [], closes: [] };
  endings.set(t, ending);
  t.after(async () => {
    for (const close of ending.closes) await close();
    for (const folder of ending.folders) rmSync(folder, { recursive: true, force: true });
  });
  return ending;
}

export function closeAtEnd(t: TestContext, close: () => Promise<void>): void {
  endingOf(t).closes.push(close);
}

export function placeOf(t: TestContext, part: Partial<MindPlace> = {}): MindPlace {
  const folder = mkdtempSync(join(tmpdir(), 'nuthatch-mind-'));
  endingOf(t).folders.push(folder);
  return {
    folder: join(folder, 'meta'),
    host: '127.0.0.1',
    port: 7000,
    bus: { host: '127.0.0.1', port: 0 },
    secret: SECRET,
    zone: '',
    holdsData: true,
    seeds: [],
    ...part,
  };
}

export function addressOf({ host, busPort }: TopologyNode): string {
  return `${host}:${busPort}`;
}

/** A shard for each node, or fewer with a replica. */
export function firstOf(nodes: readonly TopologyNode[], shards: number, replicasPerShard: number): Topology {
  const first = firstTopology({
    clusterId: 'c-test',
    nodes,
    shards,
    replicasPerShard,
    ...topologyDefaults,
  });
  if (isRefusal(first)) assert.fail(first.refused);
  return first;
}
