/**
 * The tiny value with which registers are tested: a few numbers that are changed by compare and set, the voters, and a log of all
 * changes since the beginning, so that one value tells whether another is its ancestor.
 */
import assert from 'node:assert/strict';
import type { NodeId } from '../../ring/index.js';
import type { ValueKind } from './value-kind.js';

/** `id` is used once: it names the change in the log. */
export type CellChange =
  | {
      readonly kind: 'set';
      readonly id: number;
      readonly cell: number;
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: 'voters'; readonly id: number; readonly of: number; readonly voters: readonly NodeId[] }
  /** The voters before count no more. */
  | { readonly kind: 'settle'; readonly id: number; readonly of: number };

export interface Log {
  readonly changes: readonly CellChange[];
  readonly before: Log | undefined;
}

export interface Cells {
  readonly clusterId: string;
  readonly version: number;
  readonly voters: readonly NodeId[];
  readonly previousVoters: readonly NodeId[];
  readonly voterVersion: number;
  readonly nodes: readonly NodeId[];
  readonly cells: readonly number[];
  readonly log: Log | undefined;
}

export function firstCells(clusterId: string, voters: readonly NodeId[], nodes: readonly NodeId[]): Cells {
  return {
    clusterId,
    version: 1,
    voters,
    previousVoters: voters,
    voterVersion: 1,
    nodes,
    cells: [0, 0, 0, 0],
    log: undefined,
  };
}

export function changesVoters({ voters, previousVoters }: Cells): boolean {
  return voters.join() !== previousVoters.join();
}

function changed(value: Cells, change: CellChange): Cells | string {
  if (change.kind === 'set') {
    const was = value.cells[change.cell];
    if (was !== change.from) return `cell ${change.cell} is ${was}, not ${change.from}`;
    return { ...value, cells: value.cells.with(change.cell, change.to) };
  }
  if (value.voterVersion !== change.of)
    return `the voters are of version ${value.voterVersion}, not ${change.of}`;
  const voterVersion = value.voterVersion + 1;
  if (change.kind === 'settle') return { ...value, voterVersion, previousVoters: value.voters };
  if (changesVoters(value)) return 'a change of voters is under way';
  return { ...value, voterVersion, voters: change.voters };
}

function apply(value: Cells, changes: readonly CellChange[]): { value: Cells; refused: string | undefined } {
  let next = value;
  for (const change of changes) {
    const result = changed(next, change);
    if (typeof result === 'string') return { value, refused: result };
    next = result;
  }
  return {
    value: { ...next, version: value.version + 1, log: { changes, before: value.log } },
    refused: undefined,
  };
}

export const cellsKind: ValueKind<Cells, CellChange, readonly (readonly CellChange[])[]> = {
  idOf: (value) => value.clusterId,
  versionOf: (value) => value.version,
  votersOf: (value) => [value.voters, value.previousVoters],
  nodesOf: (value) => value.nodes,
  apply,
  diff(base, next) {
    const steps: (readonly CellChange[])[] = [];
    let log = next.log;
    for (let version = next.version; version > base.version; version--, log = log!.before)
      steps.push(log!.changes);
    return steps.reverse();
  },
  check: ({ cells }) => assert.equal(cells.length, 4),
  patch: (base, diff) => diff.reduce((value, changes) => apply(value, changes).value, base),
};
