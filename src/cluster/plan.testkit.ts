/** Plans of small clusters, case by case. All nodes are alive and all promises held, but for what a case says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applyChange,
  isRefusal,
  type NodeLife,
  type Replica,
  type Topology,
  type TopologyChange,
  type TopologyNode,
} from '../ring/index.js';
import type { MemberState } from './membership/member.js';
import { type Health, plan, planDefaults } from './plan.js';
import { nodeOf } from './topology.testkit.js';

export interface Case {
  readonly what: string;
  readonly topology: Topology;
  /** Shards whose primaries have lapsed. */
  readonly lapsed?: readonly number[];
  readonly lostForMs?: number;
  /** Nodes that nobody has seen for so long. */
  readonly goneForMs?: Readonly<Record<string, number>>;
  readonly votersForMs?: number;
  /** Of the lives in the topology; the others are alive. */
  readonly states?: Readonly<Record<string, MemberState>>;
  /** Nodes in other lives, at other addresses, or unknown to the topology. */
  readonly now?: readonly TopologyNode[];
  /** In short: see `shortOf`. */
  readonly plan: readonly string[];
}

/** A test for each. */
export function testPlans(cases: readonly Case[]): void {
  for (const one of cases) {
    const { what, topology, lapsed = [], lostForMs = 0, states = {}, now = [], plan: expected } = one;
    const { goneForMs = {}, votersForMs = 0 } = one;
    test(`plan: ${what}`, () => {
      const alive = new Map(topology.nodes.map((node) => [node.node, node]));
      for (const node of now) alive.set(node.node, node);
      const stateOf = ({ node, incarnation }: NodeLife): MemberState | undefined => {
        const life = alive.get(node)?.incarnation;
        if (life === incarnation) return states[node] ?? 'alive';
        return life === undefined ? undefined : 'dead';
      };
      const health: Health = {
        hasLapsed: ({ id }) => lapsed.includes(id),
        lostForMs: () => lostForMs,
        stateOf,
        aliveAs: (node) => (states[node] === undefined ? alive.get(node) : undefined),
        alive: () => [...alive.keys()].filter((node) => states[node] === undefined),
        goneForMs: (node) => goneForMs[node] ?? 0,
        votersForMs: () => votersForMs,
      };
      const changes = plan(topology, health, planDefaults);
      assert.deepEqual(changes.map(shortOf), expected);
      for (const change of changes) {
        const next = applyChange(topology, change);
        assert.ok(!isRefusal(next), `it fits: ${isRefusal(next) && next.refused}`);
        assert.ok(change.reason.length > 0 && !change.reason.includes('undefined'), change.reason);
      }
    });
  }
}

/** Its kind, its shard, and the node that it is about. */
function shortOf(change: TopologyChange): string {
  const words: (string | number)[] = [change.kind];
  if ('shard' in change) words.push(change.shard);
  if ('to' in change) words.push(change.to.node);
  else if ('replica' in change) words.push(change.replica.node);
  else if ('node' in change) words.push(change.node.node);
  else if ('life' in change) words.push(change.life.node);
  else if (change.kind === 'set-voters') words.push(...change.voters);
  return words.join(' ');
}

export function lifeOf(node: string): NodeLife {
  return { node, incarnation: '1-a' };
}

export function agreed(topology: Topology, changes: readonly TopologyChange[]): Topology {
  return changes.reduce((before, change) => {
    const next = applyChange(before, change);
    assert.ok(!isRefusal(next), `it fits: ${isRefusal(next) && next.refused}`);
    return next;
  }, topology);
}

export function withReplica(topology: Topology, id: string, replica: Partial<Replica>): Topology {
  const shards = topology.shards.map((shard) => ({
    ...shard,
    replicas: shard.replicas.map((one) => (one.node === id ? { ...one, ...replica } : one)),
  }));
  return { ...topology, shards };
}

export function withSpares(topology: Topology, count: number): Topology {
  const of = topology.nodes.length;
  const spares = Array.from({ length: count }, (_, i) => nodeOf(`n0${of + i + 1}`));
  return { ...topology, nodes: [...topology.nodes, ...spares] };
}

export function withVoters(topology: Topology, voters: readonly string[]): Topology {
  return { ...topology, voters, previousVoters: voters };
}

export function withZones(topology: Topology, zones: Readonly<Record<string, string>>): Topology {
  return { ...topology, nodes: topology.nodes.map((node) => ({ ...node, zone: zones[node.node] ?? '' })) };
}
