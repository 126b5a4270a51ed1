/** Drivers whose time a test advances, with a bus between them that is a list, and disks that are memory. */
import assert from 'node:assert/strict';
import { Random } from '../../base/index.js';
import type { MindDisk, Outcome } from '../../cluster/index.js';
import type { NodeId, Refusal, Topology, TopologyNode } from '../../ring/index.js';
import { recordingLog } from '../meta/states.testkit.js';
import { firstOf } from './clusters.testkit.js';
import { LeaseView } from './lease-view.js';
import { MindDriver } from './mind-driver.js';
import { newSharedMemory, SharedCell } from './shared-cell.js';

const TICK_MS = 50;
/** Some 100 s: tells a hang. */
const MAX_TICKS = 2_000;
/** A message, its answer, and a disk in between, some times over. */
const TURNS_PER_TICK = 12;
/** Further than clocks may run apart between two looks. */
const JUMP_MS = 1_000;
const nothing: MindDisk = { term: 0, votedFor: undefined, accepted: undefined };
const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

interface Said {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly text: string;
}

export class DriverWorld {
  nowMs = 10_000;
  readonly nodes = new Map<NodeId, DrivenNode>();
  /** All that was said, as it travels. */
  readonly said: Said[] = [];
  onSend: (said: Said) => void = () => {};
  #delivered = 0;

  /** Three nodes, one shard with two replicas, its primary under its lease. */
  static async begun(): Promise<DriverWorld> {
    const world = new DriverWorld();
    const all = ['n1', 'n2', 'n3'].map((node) => world.start(node));
    assert.equal(world.begin(all), undefined);
    await world.until(() => world.writer !== undefined);
    return world;
  }

  start(node: NodeId): DrivenNode {
    const one = new DrivenNode(this, node, this.nodes.size + 1);
    this.nodes.set(node, one);
    return one;
  }

  /** One shard with a copy on each of these, begun on the first. */
  begin(nodes: readonly DrivenNode[]): Refusal | undefined {
    const selves = nodes.map(({ self }) => self);
    return nodes[0]?.driver.begin(firstOf(selves, 1, nodes.length - 1));
  }

  /** The wall clock of the machine of this node is set, and its main thread sees it first. */
  jump(node: DrivenNode): void {
    node.wallMs += JUMP_MS;
    node.lease.look();
    // The worker would see it too; here it is to hear of it.
    node.wallMs -= JUMP_MS;
    node.lease.look();
  }

  async tick(): Promise<void> {
    this.nowMs += TICK_MS;
    for (const one of this.nodes.values()) if (one.isUp) one.driver.tick(one.isHeld);
    for (let turn = 0; turn < TURNS_PER_TICK; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#deliver();
    }
  }

  async until(condition: () => boolean): Promise<void> {
    for (let ticks = 0; !condition(); ticks++) {
      assert.ok(ticks < MAX_TICKS, `never: ${condition}`);
      await this.tick();
    }
  }

  send(said: Said): void {
    this.onSend(said);
    this.said.push(said);
  }

  /** Who may write, if anybody may. */
  get writer(): DrivenNode | undefined {
    const writers = [...this.nodes.values()].filter(({ mayWrite }) => mayWrite);
    assert.ok(writers.length < 2, 'a shard has one writer');
    return writers[0];
  }

  #deliver(): void {
    for (; this.#delivered < this.said.length; this.#delivered++) {
      const { from, to, text } = this.said[this.#delivered] as Said;
      for (const { self, isUp, driver } of this.nodes.values()) {
        const isMeant = to === self.node || to === `@${self.host}:${self.busPort}`;
        if (isMeant && isUp && this.nodes.get(from)?.isUp) driver.receive(from, JSON.parse(text));
      }
    }
  }
}

export class DrivenNode {
  readonly self: TopologyNode;
  readonly driver: MindDriver;
  readonly lease: LeaseView;
  readonly log = recordingLog();
  readonly outcomes = new Map<number, Outcome>();
  kept = nothing;
  topology: Topology | undefined;
  deadNodes: readonly NodeId[] = [];
  /** Beside the time of the world. */
  wallMs = 1e12;
  isUp = true;
  isHeld = false;
  isDiskFull = false;

  constructor(world: DriverWorld, node: NodeId, busPort: number) {
    const [host, zone, incarnation] = ['127.0.0.1', '', '1-a'];
    this.self = { node, incarnation, host, port: 7000, busPort, zone, holdsData: true };
    const memory = newSharedMemory();
    const clocks = () => ({ monotonicMs: world.nowMs, wallMs: world.nowMs + this.wallMs });
    this.lease = new LeaseView(new SharedCell(memory), clocks);
    this.driver = new MindDriver({
      self: this.self,
      saved: nothing,
      disk: { write: (state) => this.#write(state) },
      bus: { send: (to, message) => world.send({ from: node, to, text: JSON.stringify(message) }) },
      clocks,
      random: new Random(busPort),
      seeds: ['127.0.0.1:1'],
      cell: new SharedCell(memory),
      log: this.log,
      events: {
        topology: (topology) => {
          this.topology = topology;
        },
        deadNodes: (nodes) => {
          this.deadNodes = nodes;
        },
        outcome: ({ id, outcome }) => void this.outcomes.set(id, outcome),
      },
    });
  }

  get mayWrite(): boolean {
    const shard = this.topology?.shards.find(({ primary }) => primary?.node === this.self.node);
    return this.isUp && shard !== undefined && this.lease.mayWrite(shard.id, shard.epoch);
  }

  /** What it noted, a line each. */
  get notes(): string {
    return this.driver
      .status()
      .timeline.map(({ text }) => text)
      .join('\n');
  }

  async #write(state: MindDisk): Promise<void> {
    if (this.isDiskFull) throw full;
    this.kept = state;
  }
}
