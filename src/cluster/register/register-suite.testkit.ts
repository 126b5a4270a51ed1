/**
 * What every register must do, whoever keeps it: to be run against any that can be made into a fleet. The suite knows nodes that may be
 * down, proposals and outcomes, and the committed value; faults are the fleet's.
 *
 * Clients on all nodes change cells by compare and set, each to a number that is used once, and change the voters. Checked are
 *
 * - one chain: of two values that anybody ever read, the older is an ancestor of the younger, or is the same;
 * - no way back: what a node reads only grows, from its start to its end;
 * - 'done' is in the chain, 'refused' is not, each proposal has one outcome at most;
 * - once healed: a change is done in a bounded time, and all read the same.
 */
import type { Random } from '../../base/index.js';
import { type CellChange, type Cells, changesVoters, type Log } from './cells.testkit.js';
import type { Outcome } from './messages.js';
import type { Register } from './register.js';

export interface RegisterFleet {
  readonly count: number;
  /** Undefined: it is down. A node that starts again is another object. */
  register(index: number): Register<Cells, CellChange> | undefined;
  /** What may become voters, none of them twice. */
  electable(random: Random): readonly string[];
  advance(ms: number): void;
  /** From now on everything works. */
  heal(): void;
}

export interface SuiteOptions {
  readonly disturbedMs: number;
  readonly healedMs: number;
  /** One in so many proposals changes the voters; 0: none. */
  readonly voterChanges: number;
}

export interface SuiteFigures {
  readonly done: number;
  readonly refused: number;
  readonly unknown: number;
  readonly notLeader: number;
  readonly versions: number;
}

/** Broken promises of a register. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

const LOOK_MS = 200;

export function runRegisterSuite(fleet: RegisterFleet, random: Random, options: SuiteOptions): SuiteFigures {
  const run = new SuiteRun(fleet, random);
  for (let passedMs = 0; passedMs < options.disturbedMs; passedMs += LOOK_MS) {
    fleet.advance(LOOK_MS);
    run.look();
    run.propose(options.voterChanges);
  }
  fleet.heal();
  const doneBefore = run.doneSinceHealed(true);
  let atRestMs = 0;
  for (let passedMs = 0; passedMs < options.healedMs; passedMs += LOOK_MS) {
    fleet.advance(LOOK_MS);
    run.look();
    if (run.doneSinceHealed(false) === doneBefore) run.propose(0);
    else atRestMs += LOOK_MS;
  }
  if (atRestMs === 0)
    throw new BrokenPromise(`no change was done within ${options.healedMs} ms after all was well`);
  run.lookAtEnd();
  return run.figures();
}

class SuiteRun {
  readonly #fleet: RegisterFleet;
  readonly #random: Random;
  /** The log of each version that was read. */
  readonly #logs: (Log | undefined)[] = [];
  readonly #last = new Map<Register<Cells, CellChange>, Cells>();
  readonly #open = new Map<Register<Cells, CellChange>, Map<number, readonly CellChange[]>>();
  readonly #done: { changes: readonly CellChange[]; version: number }[] = [];
  readonly #refused: (readonly CellChange[])[] = [];
  #newest: Cells | undefined;
  #unknown = 0;
  #notLeader = 0;
  #lastId = 0;

  constructor(fleet: RegisterFleet, random: Random) {
    this.#fleet = fleet;
    this.#random = random;
  }

  /** Reads everywhere, and takes the outcomes. */
  look(): void {
    for (let index = 0; index < this.#fleet.count; index++) {
      const register = this.#fleet.register(index);
      if (register === undefined) continue;
      const value = register.committed;
      if (value !== undefined && this.#last.get(register) !== value) this.#saw(register, value);
      for (const { id, outcome } of register.takeOutcomes()) this.#ended(register, id, outcome);
    }
  }

  propose(voterChanges: number): void {
    const register = this.#fleet.register(this.#random.below(this.#fleet.count));
    const value = register?.committed;
    if (register === undefined || value === undefined) return;
    const changes = this.#changes(value, voterChanges > 0 && this.#random.below(voterChanges) === 0);
    let open = this.#open.get(register);
    if (open === undefined) this.#open.set(register, (open = new Map()));
    open.set(register.propose(changes), changes);
  }

  doneSinceHealed(forget: boolean): number {
    // What was proposed before is no proof that it works now.
    if (forget) this.#open.clear();
    return this.#done.length;
  }

  lookAtEnd(): void {
    const newest = this.#newest!;
    for (let index = 0; index < this.#fleet.count; index++) {
      const value = this.#fleet.register(index)?.committed;
      if (value?.version !== newest.version) {
        throw new BrokenPromise(
          `at the end node ${index} reads ${value?.version}, another ${newest.version}`,
        );
      }
    }
    const chain = new Set<number>();
    for (let log = newest.log; log !== undefined; log = log.before) {
      if (chain.has(idOf(log.changes))) throw new BrokenPromise('a proposal was applied twice');
      chain.add(idOf(log.changes));
    }
    for (const { changes, version } of this.#done) {
      if (!chain.has(idOf(changes))) throw new BrokenPromise(`what was done in version ${version} is lost`);
    }
    for (const changes of this.#refused) {
      if (chain.has(idOf(changes))) throw new BrokenPromise('what was refused was applied');
    }
  }

  figures(): SuiteFigures {
    return {
      done: this.#done.length,
      refused: this.#refused.length,
      unknown: this.#unknown,
      notLeader: this.#notLeader,
      versions: this.#newest?.version ?? 0,
    };
  }

  #changes(value: Cells, ofVoters: boolean): readonly CellChange[] {
    const of = value.voterVersion;
    const id = ++this.#lastId;
    if (ofVoters) {
      const voters = this.#fleet.electable(this.#random);
      const changes: CellChange[] = [{ kind: 'voters', id, of, voters }];
      // Now and then both steps in one: then only the base has the voters before.
      if (this.#random.below(2) === 0) changes.push({ kind: 'settle', id, of: of + 1 });
      return changes;
    }
    if (changesVoters(value) && this.#random.below(3) === 0) return [{ kind: 'settle', id, of }];
    const cell = this.#random.below(value.cells.length);
    return [{ kind: 'set', id, cell, from: value.cells[cell]!, to: id }];
  }

  #saw(register: Register<Cells, CellChange>, value: Cells): void {
    const before = this.#last.get(register);
    if (before !== undefined && value.version <= before.version) {
      throw new BrokenPromise(`version ${value.version} was read after ${before.version}`);
    }
    this.#last.set(register, value);
    // Down the chain until a version that is known: it must be the same one.
    let log = value.log;
    for (let version = value.version; version > 1 && log !== undefined; version--, log = log.before) {
      const known = this.#logs[version];
      if (known !== undefined && idOf(known.changes) !== idOf(log.changes))
        throw new BrokenPromise(`two versions ${version}`);
      if (known !== undefined) break;
      this.#logs[version] = log;
    }
    if (value.version > (this.#newest?.version ?? 0)) this.#newest = value;
  }

  #ended(register: Register<Cells, CellChange>, id: number, outcome: Outcome): void {
    const open = this.#open.get(register);
    const changes = open?.get(id);
    if (changes === undefined) return;
    open!.delete(id);
    if (outcome.kind === 'done') this.#done.push({ changes, version: outcome.version });
    else if (outcome.kind === 'refused') this.#refused.push(changes);
    else if (outcome.kind === 'unknown') this.#unknown++;
    else this.#notLeader++;
  }
}

function idOf(changes: readonly CellChange[]): number {
  return changes[0]!.id;
}
