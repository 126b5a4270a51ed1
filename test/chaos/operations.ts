/**
 * What a client of the chaos tells of its operations: one row each, with times of the machine's monotonic clock. The start is read
 * before the operation begins and the end after its answer has come, so what ended before another began truly came before it.
 *
 *   | kind | key | value | start | end | outcome | node | epoch |
 */
import { eachRow } from '../kit/rows.js';

/** Kinds; what the value is. Values are never written twice. */
export const WRITE = 1; // what was written
export const DELETE = 2; // 0
export const READ = 3; // what was seen; 0: nothing

/** Outcomes. */
export const DONE = 1; // acknowledged; of a read: answered by a primary that says it may
export const REFUSED = 2; // an error that says it was not executed
export const UNKNOWN = 3; // no answer, or one that says nobody knows: it may be executed at any time from its start on
export const UNSURE = 4; // a read that was answered by a replica, or by a primary without its lease

export interface Operation {
  readonly kind: number;
  readonly key: number;
  readonly value: number;
  readonly startNs: number;
  readonly endNs: number;
  readonly outcome: number;
  /** Who answered, or would have. */
  readonly node: number;
  /** Of the shard there, the same before and after the operation; 0: it changed or is not known. */
  readonly epoch: number;
}

const FIELDS = 8;

/** The fields of a row, in their order. */
export function rowOf(one: Operation): number[] {
  return [one.kind, one.key, one.value, one.startNs, one.endNs, one.outcome, one.node, one.epoch];
}

export function* operationsOf(numbers: Float64Array): Generator<Operation> {
  for (const [kind, key, value, startNs, endNs, outcome, node, epoch] of eachRow(numbers, FIELDS))
    yield { kind, key, value, startNs, endNs, outcome, node, epoch };
}

/** For people; times in ms from `zeroNs`. */
export function describeOperation(one: Operation, zeroNs: number): string {
  const kind = ['', 'write', 'delete', 'read'][one.kind];
  const outcome = ['', 'done', 'refused', 'unknown', 'unsure'][one.outcome];
  const [start, end] = [one.startNs, one.endNs].map((ns) => ((ns - zeroNs) / 1e6).toFixed(3));
  return `${start} .. ${end} ms  ${kind} ${one.value}  ${outcome} at node ${one.node}, epoch ${one.epoch}`;
}
