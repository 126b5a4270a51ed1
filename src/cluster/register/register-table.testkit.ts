/**
 * Registers around a table, for scenarios by hand: messages lie in the mail until they are delivered or lost, disks are at once
 * unless held, time passes when told. What a scenario does not speak of is quick and works.
 */
import { Random } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import type { Outbox } from '../step.js';
import { type CellChange, type Cells, cellsKind, firstCells } from './cells.testkit.js';
import { EmbeddedRegister } from './embedded-register.js';
import type { Outcome, RegisterDisk, RegisterMessage } from './messages.js';
import { registerDefaults } from './options.js';
import type { Advice, Verdict } from './value-kind.js';

type Diff = readonly (readonly CellChange[])[];
export type TableMessage = RegisterMessage<Cells, CellChange, Diff, string>;
type Disk = RegisterDisk<Cells>;

export interface Mail {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: TableMessage;
}

type Which = (mail: Mail) => boolean;
const ALL: Which = () => true;
const TICK_MS = 50;

export class Seat implements Outbox<TableMessage, Disk>, Advice<Cells, CellChange, string> {
  readonly id: NodeId;
  readonly contacts: readonly NodeId[];
  readonly notes: string[] = [];
  register: EmbeddedRegister<Cells, CellChange, Diff, string>;
  isOpen = true;
  verdict: Verdict = 'publish';
  report = '';
  /** Writes wait until it is false again. */
  isDiskHeld = false;
  isDiskBroken = false;
  isUp = true;
  disk: Disk | undefined;
  readonly #table: RegisterTable;
  #writes: { state: Disk; number: number; after: Mail[] }[] = [];

  constructor(table: RegisterTable, id: NodeId, contacts: readonly NodeId[]) {
    this.#table = table;
    this.id = id;
    this.contacts = contacts;
    this.register = this.#made();
  }

  gate(): boolean {
    return this.isOpen;
  }

  mayPublish(): Verdict {
    return this.verdict;
  }

  tick(): void {
    if (!this.isUp) return;
    this.register.tick(this.#table.clocks, this, this);
    this.#write();
  }

  receive(from: NodeId, message: TableMessage): void {
    if (!this.isUp) return;
    this.register.receive(from, message, this.#table.clocks, this, this);
    this.#write();
  }

  begin(value: Cells): boolean {
    const isBegun = this.register.begin(value, this.#table.clocks, this);
    this.#write();
    return isBegun;
  }

  propose(changes: readonly CellChange[]): number {
    const id = this.register.propose(changes, this.#table.clocks, this, this);
    this.#write();
    return id;
  }

  resign(): void {
    this.register.resign(this.#table.clocks, this, this);
  }

  /** A write has failed, and so do all others until the disk is mended. */
  breakDisk(): void {
    this.isDiskBroken = true;
    this.register.persistFailed(1, this.#table.clocks, this, this);
  }

  /** Starts again with what is on disk. */
  restart(): void {
    this.#writes = [];
    this.register = this.#made();
  }

  outcomes(): Outcome[] {
    return this.register.takeOutcomes().map(({ outcome }) => outcome);
  }

  send(to: NodeId, message: TableMessage): void {
    // As on a wire: what is no plain data would not come through.
    this.#table.mail.push({ from: this.id, to, message: JSON.parse(JSON.stringify(message)) });
  }

  persist(state: Disk, number: number): void {
    this.#writes.push({ state: JSON.parse(JSON.stringify(state)), number, after: [] });
  }

  sendAfterPersist(number: number, to: NodeId, message: TableMessage): void {
    this.#writes.find((write) => write.number === number)!.after.push({ from: this.id, to, message });
  }

  note(what: string): void {
    this.notes.push(what);
  }

  #write(): void {
    while (!this.isDiskHeld && this.#writes.length > 0) {
      const write = this.#writes.shift()!;
      if (this.isDiskBroken) {
        this.register.persistFailed(write.number, this.#table.clocks, this, this);
        continue;
      }
      this.disk = write.state;
      this.#table.mail.push(...write.after);
      this.register.persisted(write.number, this.#table.clocks, this, this);
    }
  }

  #made(): EmbeddedRegister<Cells, CellChange, Diff, string> {
    return new EmbeddedRegister({
      self: this.id,
      kind: cellsKind,
      options: registerDefaults,
      random: new Random(this.id.charCodeAt(0) + this.#table.nowMs),
      saved: this.disk,
      mutants: this.#table.mutants,
    });
  }
}

export class RegisterTable {
  readonly mutants: ReadonlySet<string>;
  readonly seats: Seat[];
  mail: Mail[] = [];
  nowMs = 0;
  /** What is lost on the way. */
  isLost: Which = () => false;

  constructor(ids: string, mutants: ReadonlySet<string> = new Set()) {
    this.mutants = mutants;
    const names = [...ids];
    this.seats = names.map((id) => new Seat(this, id, names));
  }

  get clocks(): { monotonicMs: number; holderMs: number } {
    return { monotonicMs: this.nowMs, holderMs: this.nowMs };
  }

  seat(id: string): Seat {
    return this.seats.find((seat) => seat.id === id)!;
  }

  /** Begins on the first voter and waits until it leads and all read the first value. */
  begin(voters: string): Seat {
    const first = this.seat(voters[0]!);
    first.begin(
      firstCells(
        'one',
        [...voters],
        this.seats.map(({ id }) => id),
      ),
    );
    this.pass(1500);
    return first;
  }

  /** Delivers what lies there, and what comes of it, as far as it is chosen; what is lost is gone. */
  deliver(which: Which = ALL): void {
    for (let index = this.mail.findIndex(which); index >= 0; index = this.mail.findIndex(which)) {
      const mail = this.mail.splice(index, 1)[0]!;
      if (!this.isLost(mail)) this.seat(mail.to).receive(mail.from, mail.message);
    }
  }

  /** Time passes, with ticks, and all mail is delivered. */
  pass(ms: number): void {
    for (let passedMs = 0; passedMs < ms; passedMs += TICK_MS) {
      this.nowMs += TICK_MS;
      for (const seat of this.seats) seat.tick();
      this.deliver();
    }
  }

  /** Loses all to and from this one. */
  cutOff(id: string): void {
    this.isLost = ({ from, to }) => from === id || to === id;
  }

  join(): void {
    this.isLost = () => false;
  }

  leaders(): string {
    return this.seats
      .filter(({ isUp, register }) => isUp && register.role === 'leader')
      .map(({ id }) => id)
      .join();
  }
}

let lastId = 0;

export function set(cell: number, from: number, to: number): CellChange[] {
  return [{ kind: 'set', id: ++lastId, cell, from, to }];
}

export function voters(of: number, names: string): CellChange[] {
  return [{ kind: 'voters', id: ++lastId, of, voters: [...names] }];
}

export function settle(of: number): CellChange[] {
  return [{ kind: 'settle', id: ++lastId, of }];
}

export function isKind(kind: TableMessage['kind']): (mail: Mail) => boolean {
  return ({ message }) => message.kind === kind;
}
