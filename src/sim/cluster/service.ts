/**
 * What a simulated node does for clients. A question about a key goes
 *
 *     not our shard, or we are replica   ─> moved; a read of who asks for it is answered by a replica
 *     read                               ─> done, and it says so if that may be old; down when it may be too old
 *     load                               ─> done, or who loads it (load-desk.ts)
 *     no lease, or the set is silent     ─> down
 *     write, plain; fill with its token  ─> executed, done at once
 *     delete, write of all               ─> executed; done when the in-sync set has it, uncertain when the lease ends before
 */
import { Block, keySlot } from '../../base/index.js';
import { type Copy, HandOver, type Mind, type MindOutbox } from '../../cluster/index.js';
import {
  isRefusal,
  type NodeId,
  type NodeLife,
  type Shard,
  SlotTable,
  type Topology,
} from '../../ring/index.js';
import type { HostClocks } from '../program.js';
import type { ClusterFact } from './facts.js';
import { LoadDesk } from './load-desk.js';
import type { MapStore, Write } from './map-store.js';
import type { ClientAnswer, ClientQuestion } from './wire.js';

/** Rules of the service that can be left out. */
export const SERVICE_MUTANTS = ['delete-of-one', 'reads-never-end', 'reads-unmarked'] as const;

/** Without the lease reads end after so long. Shorter than in life, so that it happens. */
export const MAX_STALE_MS = 3_000;

/** One step: what the node says, and what it tells the checkers. */
export interface ServiceStep {
  readonly clocks: HostClocks;
  readonly mindOutbox: MindOutbox;
  report(fact: ClusterFact): void;
  mark(name: string): void;
  say(client: NodeId, answer: ClientAnswer): void;
}

export interface ServiceParts {
  readonly self: NodeLife;
  readonly mind: Mind;
  readonly copy: Copy<Write>;
  readonly store: MapStore;
  readonly mutants: ReadonlySet<string>;
}

/** A write that waits for the in-sync set. */
interface Waiting {
  readonly client: NodeId;
  readonly id: number;
  readonly shard: number;
  readonly epoch: number;
  readonly offset: number;
  readonly write: Write;
}

type KeyQuestion = Extract<ClientQuestion, { readonly key: string }>;

export class Service {
  readonly #parts: ServiceParts;
  readonly #desk: LoadDesk;
  #topology: Topology | undefined;
  #slots: SlotTable | undefined;
  #waiting: Waiting[] = [];
  /** Under way. */
  #handOver: HandOver | undefined;

  constructor(parts: ServiceParts, clocks: HostClocks) {
    const { self, store, mutants } = parts;
    this.#parts = parts;
    this.#desk = new LoadDesk(store, `${self.node}-${self.incarnation}`, mutants, clocks);
  }

  /** This topology is committed, and the copy has learnt it. */
  learn(topology: Topology, step: ServiceStep): void {
    this.#topology = topology;
    this.#slots = new SlotTable(topology.slots);
    const { copy } = this.#parts;
    this.#desk.serve(copy.role === 'primary' ? copy.shard : undefined, step);
    this.acknowledge(step);
  }

  tick(step: ServiceStep): void {
    this.#desk.tick(step.clocks, step);
    this.#lookAtHandOver(step);
    this.acknowledge(step);
  }

  answer(client: NodeId, question: ClientQuestion, step: ServiceStep): void {
    const { self, mind, copy } = this.#parts;
    const { clocks, mindOutbox } = step;
    if (question.kind === 'client/hand-over') {
      if (this.#handOver !== undefined) return;
      const begun = HandOver.begin(self, copy, undefined, clocks);
      if (isRefusal(begun)) return;
      step.mark('hand-over');
      this.#handOver = begun;
      this.#lookAtHandOver(step);
      return;
    }
    if (question.kind === 'client/voters') {
      const voterVersion = this.#topology?.voterVersion;
      if (voterVersion === undefined) return;
      step.mark('change-voters');
      const { voters } = question;
      const change = { kind: 'set-voters', voterVersion, voters, reason: 'told to' } as const;
      mind.propose([change], clocks, mindOutbox);
      return;
    }
    const answer = this.#serve(client, question, step);
    if (answer !== undefined) step.say(client, answer);
    else this.acknowledge(step);
  }

  /** Answers what the in-sync set has by now, and what it never will have under this epoch. */
  acknowledge(step: ServiceStep): void {
    if (this.#waiting.length === 0) return;
    const { copy } = this.#parts;
    const { shard, confirmed } = copy;
    this.#waiting = this.#waiting.filter((one) => {
      const isOurs = copy.role === 'primary' && shard?.id === one.shard && shard.epoch === one.epoch;
      if (isOurs && confirmed < one.offset) return true;
      const { id, epoch, offset, write } = one;
      if (isOurs && this.#isUnderLease(one.shard, epoch, step)) {
        step.report({ kind: 'acknowledged', shard: one.shard, epoch, ...write, byAll: true, offset });
        step.say(one.client, { kind: 'client/done', id, value: undefined, isUnderLease: true });
      } else {
        step.say(one.client, { kind: 'client/uncertain', id });
      }
      return false;
    });
  }

  /** Whether a write would be taken. */
  mayWrite({ id, epoch }: Shard, step: ServiceStep): boolean {
    return this.#isUnderLease(id, epoch, step) && this.#takesWrites(step);
  }

  /** What to say at once; undefined: it is acknowledged later. */
  #serve(client: NodeId, question: KeyQuestion, step: ServiceStep): ClientAnswer | undefined {
    const { self, copy, store, mutants } = this.#parts;
    const { id, key } = question;
    const { shard } = copy;
    const owner = this.#slots?.ownerOf(slotOf(key));
    const primary = this.#topology?.shards.find((one) => one.id === owner)?.primary;
    const isOurs = shard?.id === owner && copy.role === 'primary';
    if (question.kind === 'client/read' && question.atReplica && shard?.id === owner && !isOurs) {
      return this.#read(question, copy.staleMs(step.clocks), false, step);
    }
    if (!isOurs && primary !== undefined && primary.node !== self.node) {
      return { kind: 'client/moved', id, to: primary.node };
    }
    if (!isOurs || shard === undefined) return { kind: 'client/down', id };
    const isUnderLease = this.#isUnderLease(shard.id, shard.epoch, step);
    switch (question.kind) {
      case 'client/read':
        return this.#read(
          question,
          this.#parts.mind.staleMs(step.clocks, step.mindOutbox),
          isUnderLease,
          step,
        );
      case 'client/load':
        if (store.entries.has(key))
          return this.#read(
            question,
            this.#parts.mind.staleMs(step.clocks, step.mindOutbox),
            isUnderLease,
            step,
          );
        step.mark(isUnderLease ? 'load' : 'load-without-lease');
        return this.#desk.ask(client, id, key, step.clocks, step);
      case 'client/fill': {
        const mayFill = isUnderLease && this.#takesWrites(step);
        const isAccepted = this.#desk.fill(key, question.token, mayFill, step.clocks, step);
        step.mark(isAccepted ? 'fill' : 'fill-refused');
        if (isAccepted)
          this.#acknowledgeAlone(this.#execute({ key, value: question.value }, shard, step), step);
        return { kind: 'client/filled', id, isAccepted };
      }
    }
    if (!isUnderLease || !this.#takesWrites(step)) return { kind: 'client/down', id };
    const value = question.kind === 'client/write' ? question.value : undefined;
    const done = this.#execute({ key, value }, shard, step);
    const needsAll = question.kind === 'client/delete' || question.needsAll;
    if (needsAll && !mutants.has('delete-of-one')) {
      this.#waiting.push({ client, id, ...done });
      return undefined;
    }
    this.#acknowledgeAlone(done, step, needsAll);
    return { kind: 'client/done', id, value: undefined, isUnderLease };
  }

  /** What is there, if it is not too old to be told. */
  #read({ id, key }: KeyQuestion, staleMs: number, isUnderLease: boolean, step: ServiceStep): ClientAnswer {
    const { store, mutants } = this.#parts;
    if (!isUnderLease && staleMs > MAX_STALE_MS && !mutants.has('reads-never-end'))
      return { kind: 'client/down', id };
    const isMarked = !isUnderLease && !mutants.has('reads-unmarked');
    if (!isUnderLease) step.mark('stale-read');
    return { kind: 'client/done', id, value: store.entries.get(key), isUnderLease: !isMarked };
  }

  #execute(write: Write, shard: Shard, step: ServiceStep): Omit<Waiting, 'client' | 'id'> {
    const { store, copy } = this.#parts;
    store.apply(write);
    const offset = copy.append(write);
    const of = { shard: shard.id, epoch: shard.epoch, offset };
    step.report({ kind: 'wrote', ...of, ...write, monotonicMs: step.clocks.monotonicMs });
    this.#desk.changed(write.key, write.value === undefined, step);
    return { ...of, write };
  }

  #acknowledgeAlone(
    { write, ...of }: Omit<Waiting, 'client' | 'id'>,
    step: ServiceStep,
    byAll = false,
  ): void {
    step.report({ kind: 'acknowledged', ...of, ...write, byAll });
  }

  /** The lease is released, and one of the set is asked for as primary, in one step. */
  #lookAtHandOver({ clocks, mindOutbox }: ServiceStep): void {
    const { mind, copy } = this.#parts;
    const next = this.#handOver?.look(copy, clocks);
    if (next === undefined) return;
    this.#handOver = undefined;
    if (isRefusal(next)) return;
    mind.release(clocks, mindOutbox);
    mind.propose([next], clocks, mindOutbox);
  }

  #takesWrites({ clocks }: ServiceStep): boolean {
    return this.#handOver === undefined && this.#parts.copy.mayWrite(clocks);
  }

  #isUnderLease(shard: number, epoch: number, { clocks, mindOutbox }: ServiceStep): boolean {
    return this.#parts.mind.mayWrite(shard, epoch, clocks, mindOutbox);
  }
}

/** The slot of a key of ASCII. */
function slotOf(key: string): number {
  const block = Block.of(key);
  return keySlot(block, 0, block.bytes.length);
}
