/** A machine of lease-world.testkit.ts: what runs on it in its present life, and its clocks. */
import type { Random } from '../../base/index.js';
import type { NodeId, NodeLife } from '../../ring/index.js';
import type { Clocks, Outbox } from '../step.js';
import type { Value } from './cas-register.testkit.js';
import type { CasVoter } from './cas-voter.testkit.js';
import type { Planned } from './event-heap.testkit.js';
import { HolderClock } from './holder-clock.js';
import type { WriteLease } from './write-lease.js';

export interface Host {
  readonly id: NodeId;
  life: number;
  isUp: boolean;
  pausedUntilMs: number;
  /** Of all its clocks. */
  readonly rate: number;
  readonly originMs: number;
  /** The monotonic clock missed so much. */
  suspendedMs: number;
  /** The wall clock was set forward by so much. */
  wallStepMs: number;
  clock: HolderClock;
  voter: CasVoter | undefined;
  lease: WriteLease | undefined;
  /** The newest committed value that it heard of in this life. */
  known: Value | undefined;
}

export interface Event extends Planned {
  /** Undefined: the world's own. */
  readonly host: Host | undefined;
  /** It dies with this life; -1: it does not. */
  readonly life: number;
  readonly run: () => void;
}

/** A host whose clocks run fast or slow by up to so many parts of a thousand. */
export function newHost(id: NodeId, random: Random, driftPermille: number): Host {
  return {
    id,
    life: 0,
    isUp: false,
    pausedUntilMs: 0,
    rate: 1 + ((random.fraction() * 2 - 1) * driftPermille) / 1000,
    originMs: random.below(1e6),
    suspendedMs: 0,
    wallStepMs: 0,
    clock: new HolderClock(),
    voter: undefined,
    lease: undefined,
    known: undefined,
  };
}

export function lifeOf({ id, life }: Host): NodeLife {
  return { node: id, incarnation: String(life) };
}

export function readClocks(host: Host, nowMs: number): Clocks & { readonly jumped: boolean } {
  const monotonicMs = host.originMs + host.rate * (nowMs - host.suspendedMs);
  const wallMs = 1.7e12 + host.rate * nowMs + host.wallStepMs;
  return { monotonicMs, ...host.clock.read(monotonicMs, wallMs) };
}

/** An outbox for machines that keep nothing. What they note is not kept either. */
export function sendsOnly<M>(send: (to: NodeId, message: M) => void): Outbox<M> {
  return { send, persist: () => {}, sendAfterPersist: () => {}, note: () => {} };
}
