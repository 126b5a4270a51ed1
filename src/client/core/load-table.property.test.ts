/**
 * The load table between a database, a node that fences fills, and callers, in every interleaving: each message is
 * sent, executed and answered in steps of its own, and others come between.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Load, type LoadCaller, type LoadEnding, LoadTable } from './load-table.js';

class Caller implements LoadCaller<Caller> {
  load: Load<Caller> | undefined = undefined;
  isFirst = false;
  isAnswered = false;
  hasLeft = false;
  sentAway = 0;
  /** The newest row whose invalidation was acknowledged before the caller came: it must not see an older one. */
  readonly acknowledgedRow: number;
  /** The newest row whose invalidation this process had sent by then. */
  readonly ownRow: number;

  constructor(acknowledgedRow: number, ownRow: number) {
    this.acknowledgedRow = acknowledgedRow;
    this.ownRow = ownRow;
  }
}

interface Invalidation {
  readonly row: number;
  readonly isOwn: boolean;
  stage: 'sent' | 'executed' | 'acknowledged';
}

/** What the owner of a load does next, and what it has got so far. */
interface Driver {
  readonly load: Load<Caller>;
  next: 'ask' | 'execute read' | 'receive' | 'read row' | 'end' | 'execute fill' | 'receive fill' | 'nothing';
  value: number;
  token: number;
  isAccepted: boolean;
}

const NO_TOKEN = -1;

class World {
  readonly table = new LoadTable<Caller>();
  readonly callers: Caller[] = [];
  readonly endings = new Set<LoadEnding>();
  drivers: Driver[] = [];
  #invalidations: Invalidation[] = [];
  #row = 0;
  #acknowledgedRow = 0;
  #ownRow = 0;
  /** The node: its value, and the number that a token must have. */
  #value: number | undefined;
  #era = 0;

  read(): void {
    const caller = new Caller(this.#acknowledgedRow, this.#ownRow);
    this.callers.push(caller);
    if (!this.table.join('k', caller)) this.#drive(this.table.begin('k', caller));
  }

  refresh(): void {
    const load = this.table.refresh('k');
    if (load !== undefined) this.#drive(load);
  }

  leave(which: number): void {
    const caller = pick(this.callers, which);
    if (caller === undefined || caller.isAnswered) return;
    caller.hasLeft = true;
    this.table.leave(caller);
  }

  write(isOwn: boolean): void {
    this.#invalidations.push({ row: ++this.#row, isOwn, stage: 'sent' });
    if (!isOwn) return;
    this.#ownRow = this.#row;
    this.table.invalidate('k');
  }

  advanceInvalidation(which: number): void {
    const invalidation = pick(this.#invalidations, which);
    if (invalidation === undefined) return;
    if (invalidation.stage === 'sent') {
      invalidation.stage = 'executed';
      this.#value = undefined;
      this.#era++;
      return;
    }
    this.#acknowledgedRow = Math.max(this.#acknowledgedRow, invalidation.row);
    if (invalidation.isOwn) this.table.invalidateWhere((key) => key === 'k');
    this.#invalidations = this.#invalidations.filter((other) => other !== invalidation);
  }

  /** Another process has loaded and filled, all in one moment. */
  foreignFill(): void {
    this.#value = this.#row;
  }

  evict(): void {
    this.#value = undefined;
  }

  /** One step of a load; `choice` decides where several things may happen. */
  advance(driver: Driver, choice: number): void {
    const { table } = this;
    const { load } = driver;
    switch (driver.next) {
      case 'ask':
        table.asked(load);
        driver.next = choice % 5 === 0 ? 'read row' : 'execute read';
        break;
      case 'execute read':
        if (this.#value === undefined) driver.token = this.#era;
        else driver.value = this.#value;
        driver.next = 'receive';
        break;
      case 'receive':
        if (driver.token === NO_TOKEN) this.#settle(driver, 'hit');
        else driver.next = 'read row';
        break;
      case 'read row':
        driver.value = this.#row;
        driver.next = 'end';
        break;
      case 'end':
        if (driver.token === NO_TOKEN) this.#settle(driver, 'unfenced');
        else if (choice % 7 === 0) this.#settle(driver, 'failed');
        else {
          if (choice % 2 === 0)
            for (const caller of table.takeFirst(load)) this.#answer(caller, driver, 'fill');
          table.filling(load);
          driver.next = 'execute fill';
        }
        break;
      case 'execute fill':
        driver.isAccepted = driver.token === this.#era;
        if (driver.isAccepted) this.#value = driver.value;
        driver.next = 'receive fill';
        break;
      case 'receive fill':
        this.#settle(driver, driver.isAccepted ? 'accepted' : 'refused');
    }
  }

  #drive(load: Load<Caller>): void {
    this.drivers.push({ load, next: 'ask', value: 0, token: NO_TOKEN, isAccepted: false });
  }

  #settle(driver: Driver, ending: LoadEnding): void {
    this.endings.add(ending);
    const waited = [...driver.load.callers];
    const { callers, next } = this.table.settle(driver.load, ending);
    for (const caller of callers) this.#answer(caller, driver, ending);
    for (const caller of waited.filter((caller) => !callers.includes(caller))) {
      assert.ok(caller.load !== undefined && caller.isFirst, 'who reads again waits as a first caller');
      assert.equal(++caller.sentAway, 1, 'nobody is sent away twice');
    }
    driver.next = 'nothing';
    this.drivers = this.drivers.filter((other) => other !== driver);
    if (next !== undefined) this.#drive(next);
  }

  #answer(caller: Caller, driver: Driver, ending: LoadEnding | 'fill'): void {
    assert.ok(!caller.isAnswered && !caller.hasLeft, 'each caller is answered once');
    caller.isAnswered = true;
    if (ending === 'failed') return;
    if (ending !== 'unfenced') {
      assert.ok(
        driver.value >= caller.acknowledgedRow,
        `row ${driver.value} after an acknowledged invalidation`,
      );
    } else {
      assert.ok(driver.value >= caller.ownRow, `row ${driver.value} after an invalidation by this process`);
    }
  }
}

function pick<T>(items: readonly T[], which: number): T | undefined {
  return items[which % Math.max(1, items.length)];
}

const step = fc.record({
  op: fc.constantFrom(
    ...(['read', 'read', 'read', 'advance', 'advance', 'advance', 'advance', 'advance', 'advance'] as const),
    ...(['own write', 'foreign write', 'invalidation', 'invalidation', 'invalidation'] as const),
    ...(['foreign fill', 'evict', 'leave', 'refresh'] as const),
  ),
  which: fc.nat(),
  choice: fc.nat(),
});

test('no reader that came after an invalidation has what was there before it, and each is answered', () => {
  const endings = new Set<LoadEnding>();
  let sentAway = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const world = new World();
      for (const { op, which, choice } of steps) {
        if (op === 'read') world.read();
        else if (op === 'own write' || op === 'foreign write') world.write(op === 'own write');
        else if (op === 'invalidation') world.advanceInvalidation(which);
        else if (op === 'foreign fill') world.foreignFill();
        else if (op === 'evict') world.evict();
        else if (op === 'leave') world.leave(which);
        else if (op === 'refresh') world.refresh();
        else if (world.drivers.length > 0) world.advance(pick(world.drivers, which) as Driver, choice);
        assert.equal(world.table.size, world.drivers.length);
      }
      for (let rounds = 0; world.drivers.length > 0; rounds++) {
        assert.ok(rounds < 10_000, 'the loads come to an end');
        world.advance(world.drivers[0], 1);
      }
      for (const caller of world.callers) {
        assert.ok(caller.isAnswered !== caller.hasLeft, 'each caller was answered, or has left');
        assert.equal(caller.load, undefined);
        sentAway += caller.sentAway;
      }
      for (const ending of world.endings) endings.add(ending);
    }),
    { numRuns: 3_000 },
  );
  assert.equal(endings.size, 5, 'loads ended in every way');
  assert.ok(sentAway > 0, 'some callers were sent to read again');
});
