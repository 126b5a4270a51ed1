/**
 * A small world for embedded registers: one queue of events, all drawn from one seed. The network loses, delays, reorders and repeats;
 * nodes crash, lose what was not on disk, are paused and cut off, one way too; faults are also aimed at writes and commits. Gates and the
 * leader's question hold back for a while, as leases do.
 *
 * What the suite cannot see from outside is checked here: no term has two leaders that commit, and what is committed was derived from
 * something committed.
 */
import { Random } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import type { Outbox } from '../step.js';
import { type CellChange, type Cells, cellsKind, firstCells } from './cells.testkit.js';
import { EmbeddedRegister } from './embedded-register.js';
import { EventQueue } from './event-queue.testkit.js';
import type { RegisterDisk, RegisterMessage } from './messages.js';
import { type RegisterOptions, registerDefaults } from './options.js';
import type { Register } from './register.js';
import { BrokenPromise, type RegisterFleet } from './register-suite.testkit.js';
import type { Advice } from './value-kind.js';

type Diff = readonly (readonly CellChange[])[];
export type Message = RegisterMessage<Cells, CellChange, Diff, number>;
type Disk = RegisterDisk<Cells>;
type Machine = EmbeddedRegister<Cells, CellChange, Diff, number>;

export interface WorldShape {
  readonly voters: number;
  readonly learners: number;
  readonly mutants: ReadonlySet<string>;
}

const TICK_MS = 100;
const MAX_NODES = 8;

export class RegisterWorld implements RegisterFleet {
  readonly random: Random;
  readonly shape: WorldShape;
  readonly nodes: WorldNode[] = [];
  nowMs = 0;
  /** From node to node: 1 is cut. */
  readonly cuts = new Uint8Array(MAX_NODES * MAX_NODES);
  lossPerMille: number;
  maxDelayMs: number;
  twicePerMille: number;
  maxWriteMs: number;
  /** Aimed: a node crashes when it begins to write; or it, or all, when it commits or leads. In parts of a thousand. */
  aimedPerMille: number;
  readonly options: RegisterOptions;
  readonly #events = new EventQueue();
  readonly #names: readonly NodeId[];
  readonly #committers = new Map<number, NodeId>();
  readonly #committed = new Set<number>();

  constructor(seed: number, shape: WorldShape) {
    this.random = new Random(seed);
    this.shape = shape;
    const draw = (limit: number) => this.random.below(limit);
    this.lossPerMille = draw(2) * draw(150);
    this.maxDelayMs = 3 + draw(2) * draw(150);
    this.twicePerMille = draw(60);
    this.maxWriteMs = 1 + draw(2) * draw(200);
    this.aimedPerMille = draw(2) * draw(60);
    // Now and then all want to lead at the same time.
    const electionMaxMs = draw(3) === 2 ? 1050 : registerDefaults.electionMaxMs;
    this.options = { ...registerDefaults, electionMaxMs };
    const count = shape.voters + shape.learners;
    for (let index = 0; index < count; index++) this.nodes.push(new WorldNode(this, index));
    this.#names = this.nodes.map(({ id }) => id);
    for (const node of this.nodes) node.start(undefined);
    this.at(500, () => this.#fault());
  }

  get count(): number {
    return this.nodes.length;
  }

  register(index: number): Register<Cells, CellChange> | undefined {
    return this.nodes[index]!.face;
  }

  firstValue(): Cells {
    return firstCells(
      `cluster ${this.random.uint32()}`,
      this.#names.slice(0, this.shape.voters),
      this.#names,
    );
  }

  electable(random: Random): readonly NodeId[] {
    const left = [...this.#names];
    const voters: NodeId[] = [];
    const count = Math.min(left.length, 1 + 2 * random.below(3));
    while (voters.length < count) voters.push(left.splice(random.below(left.length), 1)[0]!);
    return voters;
  }

  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (let event = this.#events.take(untilMs); event !== undefined; event = this.#events.take(untilMs)) {
      this.nowMs = event.atMs;
      event.run();
    }
    this.nowMs = untilMs;
  }

  heal(): void {
    this.cuts.fill(0);
    this.lossPerMille = 0;
    this.twicePerMille = 0;
    this.aimedPerMille = 0;
    this.maxDelayMs = 5;
    this.maxWriteMs = 5;
    this.isHealed = true;
    for (const node of this.nodes) node.heal();
  }

  isHealed = false;

  at(inMs: number, run: () => void): void {
    this.#events.add(this.nowMs + inMs, run);
  }

  send(from: WorldNode, to: NodeId, message: Message): void {
    const target = this.nodes[Number(to.slice(1))]!;
    if (this.cuts[from.index * MAX_NODES + target.index] === 1) return;
    if (this.random.below(1000) < this.lossPerMille) return;
    this.at(1 + this.random.below(this.maxDelayMs), () => target.receive(from.id, message));
    if (this.random.below(1000) < this.twicePerMille) {
      this.at(1 + this.random.below(3000), () => target.receive(from.id, message));
    }
  }

  noted(node: WorldNode, what: string): void {
    if (!what.startsWith('commits')) return;
    const { machine } = node;
    const term = machine!.term;
    const other = this.#committers.get(term);
    if (other !== undefined && other !== node.id)
      throw new BrokenPromise(`${other} and ${node.id} commit in term ${term}`);
    this.#committers.set(term, node.id);
    this.#committed.add(machine!.committed!.version);
  }

  /** Of what is kept: its base must be committed by somebody. */
  kept({ accepted }: Disk): void {
    const version = accepted?.base.version ?? 0;
    if (version > 0 && !this.#committed.has(version)) {
      throw new BrokenPromise(
        `version ${accepted!.position.version} was derived from ${version}, not committed`,
      );
    }
  }

  #fault(): void {
    if (this.isHealed) return;
    const { random, nodes } = this;
    const node = nodes[random.below(nodes.length)]!;
    const kind = random.below(9);
    if (kind === 0) node.stop();
    else if (kind === 1) node.crash();
    else if (kind === 2) node.pause(random.below(4000));
    else if (kind === 3) node.breakDisk();
    else if (kind <= 6) this.cut(random.below(3) === 0);
    else this.cuts.fill(0);
    this.at(200 + random.below(3000), () => this.#fault());
  }

  /** Into two sides at random, or one node from all; one way if so wanted. */
  cut(isOneWay: boolean): void {
    const { random, nodes } = this;
    const alone = random.below(2) === 0 ? random.below(nodes.length) : -1;
    const sides = nodes.map((_, index) => (alone >= 0 ? index === alone : random.below(2) === 0));
    const isInward = random.below(2) === 0;
    this.cuts.fill(0);
    for (let from = 0; from < nodes.length; from++) {
      for (let to = 0; to < nodes.length; to++) {
        if (sides[from] === sides[to] || (isOneWay && sides[from] === isInward)) continue;
        this.cuts[from * MAX_NODES + to] = 1;
      }
    }
  }
}

interface Write {
  readonly state: Disk;
  readonly number: number;
  readonly after: (() => void)[];
}

export class WorldNode implements Outbox<Message, Disk> {
  readonly id: NodeId;
  readonly index: number;
  machine: Machine | undefined;
  face: Register<Cells, CellChange> | undefined;
  readonly #world: RegisterWorld;
  readonly #advice: Advice<Cells, CellChange, number>;
  #life = 0;
  #pausedUntilMs = 0;
  #disk: Disk | undefined;
  #diskFreeMs = 0;
  /** Writes fail, until the next start. */
  #isDiskBroken = false;
  #writes: Write[] = [];
  /** The gate says no to this version until then. */
  #heldVersion = 0;
  #heldUntilMs = 0;

  constructor(world: RegisterWorld, index: number) {
    this.#world = world;
    this.index = index;
    this.id = `n${index}`;
    this.#advice = {
      gate: (_, next) => this.#gate(next),
      mayPublish: () => (world.isHealed || world.random.below(8) > 0 ? 'publish' : 'wait'),
      report: index,
      contacts: ['n0', 'n1', 'n2'].slice(0, world.shape.voters + world.shape.learners),
    };
  }

  start(disk: Disk | undefined): void {
    const life = ++this.#life;
    const { random, shape } = this.#world;
    this.#isDiskBroken = false;
    const machine: Machine = new EmbeddedRegister({
      self: this.id,
      kind: cellsKind,
      options: this.#world.options,
      random,
      saved: disk,
      mutants: shape.mutants,
    });
    this.#disk = disk;
    this.machine = machine;
    this.face = {
      get committed() {
        return machine.committed;
      },
      propose: (changes) => machine.propose(changes, this.#clocks(), this.#advice, this),
      takeOutcomes: () => machine.takeOutcomes(),
    };
    // Again, if the first time did not come to disk: then nobody has heard of it.
    if (this.index === 0 && disk?.accepted === undefined) {
      machine.begin(this.#world.firstValue(), this.#clocks(), this);
    }
    this.#world.at(random.below(TICK_MS), () => this.#tick(life));
  }

  /** As it is done on purpose: it hands over first. */
  stop(): void {
    this.machine?.resign(this.#clocks(), this.#advice, this);
    this.crash();
  }

  /** What was on disk, or one of the writes under way, is found by the next life. */
  crash(): void {
    if (this.machine === undefined) return;
    const { random } = this.#world;
    const begun = random.below(this.#writes.length + 1);
    const disk = begun === 0 ? this.#disk : this.#writes[begun - 1]!.state;
    this.machine = undefined;
    this.face = undefined;
    this.#writes = [];
    this.#life++;
    this.#disk = disk;
    const life = this.#life;
    this.#world.at(50 + random.below(4000), () => {
      if (this.#life === life) this.start(this.#disk);
    });
  }

  breakDisk(): void {
    const life = this.#life;
    this.#isDiskBroken = true;
    this.#world.at(this.#world.random.below(3000), () => this.#crashIn(life));
  }

  pause(ms: number): void {
    this.#pausedUntilMs = this.#world.nowMs + ms;
  }

  heal(): void {
    this.#pausedUntilMs = 0;
    this.#heldUntilMs = 0;
    if (this.#isDiskBroken) this.crash();
    if (this.machine === undefined) this.start(this.#disk);
  }

  receive(from: NodeId, message: Message): void {
    this.#run(
      this.#life,
      () => this.machine!.receive(from, message, this.#clocks(), this.#advice, this),
      true,
    );
  }

  send(to: NodeId, message: Message): void {
    this.#world.send(this, to, message);
  }

  persist(state: Disk, number: number): void {
    const world = this.#world;
    world.kept(state);
    const write: Write = { state, number, after: [] };
    this.#writes.push(write);
    this.#diskFreeMs = Math.max(this.#diskFreeMs, world.nowMs) + 1 + world.random.below(world.maxWriteMs);
    const life = this.#life;
    world.at(this.#diskFreeMs - world.nowMs, () => this.#written(life, write));
    if (world.random.below(1000) < world.aimedPerMille)
      world.at(world.random.below(20), () => this.#crashIn(life));
  }

  sendAfterPersist(number: number, to: NodeId, message: Message): void {
    this.#writes.find((write) => write.number === number)!.after.push(() => this.send(to, message));
  }

  note(what: string): void {
    const world = this.#world;
    world.noted(this, what);
    const life = this.#life;
    const isMark = what.startsWith('commits') || what.startsWith('leads in') || what.startsWith('stands');
    if (!isMark || world.random.below(1000) >= world.aimedPerMille) return;
    const inMs = world.random.below(30);
    if (world.random.below(2) === 0) world.at(inMs, () => this.#crashIn(life));
    else for (const node of world.nodes) world.at(inMs, () => node.crash());
  }

  #crashIn(life: number): void {
    if (this.#life === life) this.crash();
  }

  #written(life: number, write: Write): void {
    this.#run(life, () => {
      if (this.#isDiskBroken)
        return this.machine!.persistFailed(write.number, this.#clocks(), this.#advice, this);
      this.#disk = write.state;
      this.#writes.shift();
      for (const send of write.after) send();
      this.machine!.persisted(write.number, this.#clocks(), this.#advice, this);
    });
  }

  #tick(life: number): void {
    this.#run(life, () => {
      this.machine!.tick(this.#clocks(), this.#advice, this);
      this.#world.at(TICK_MS - 20 + this.#world.random.below(40), () => this.#tick(life));
    });
  }

  /** Unless it has ended, or later if it is paused; messages also reach a later life. */
  #run(life: number, what: () => void, isMessage = false): void {
    const world = this.#world;
    if (this.machine === undefined || (life !== this.#life && !isMessage)) return;
    if (world.nowMs < this.#pausedUntilMs) {
      world.at(this.#pausedUntilMs - world.nowMs, () =>
        this.#run(isMessage ? this.#life : life, what, isMessage),
      );
    } else {
      what();
    }
  }

  #clocks(): { monotonicMs: number; holderMs: number } {
    return { monotonicMs: this.#world.nowMs, holderMs: this.#world.nowMs };
  }

  #gate(next: Cells): boolean {
    const world = this.#world;
    if (world.isHealed) return true;
    if (next.version !== this.#heldVersion) {
      this.#heldVersion = next.version;
      this.#heldUntilMs = world.nowMs + (world.random.below(6) === 0 ? world.random.below(1500) : 0);
    }
    return world.nowMs >= this.#heldUntilMs;
  }
}
