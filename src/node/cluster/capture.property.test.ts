import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyCommand, passingMs } from '../commands/any-command.testkit.js';
import { type Player, withPlayer } from '../commands/player.testkit.js';
import type { EffectGroup } from './effects.js';
import { ShardStore } from './shard-store.js';
import { assertSame, nodeOf } from './stores.testkit.js';

/** More by `RUNS=2000`. */
const RUNS = Number(process.env['RUNS'] ?? 12);
/** So that a few large values push others out. */
const PRIMARY_BYTES = 2 * 2 ** 20;
const REPLICA_BYTES = 2 * PRIMARY_BYTES;

/** A command, `tick` of the node's cron, or so many ms that pass. */
type Step = readonly string[] | number | 'tick';

test('what is captured makes another store equal after every command, expiry and eviction', async () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 12, arbitrary: anyCommand(['0']) },
    { weight: 8, arbitrary: otherCommand() },
    { weight: 3, arbitrary: passingMs() },
    { weight: 1, arbitrary: fc.constant('tick' as const) },
  );
  await withPlayer(async (player) => {
    const pair = new Pair(player);
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 60, maxLength: 90, size: 'max' }),
      (steps) => pair.play(steps),
    );
    await fc.assert(property, { numRuns: RUNS });
    player.verify();
    const { evicted, expired } = player.node.store.stats;
    assert.ok(evicted > 0 && expired > 0, `${evicted} evictions, ${expired} expiries`);
  }, PRIMARY_BYTES);
});

/** A primary, and another store that is told what it captures. */
class Pair {
  readonly #player: Player;
  readonly #primary: ShardStore;
  readonly #other = nodeOf(REPLICA_BYTES);
  readonly #replica = new ShardStore(this.#other, 0);

  constructor(player: Player) {
    this.#player = player;
    this.#primary = new ShardStore(player.node, 0);
    this.#primary.lead((group) => this.#append(group));
  }

  async play(steps: readonly Step[]): Promise<void> {
    await this.#run(['FLUSHALL']);
    for (const step of steps) {
      if (step === 'tick') this.#player.node.cron.tick();
      else if (typeof step === 'number') this.#player.now += step;
      else await this.#run(step.map((word) => this.#absolute(word)));
      this.#primary.flush();
      assertSame(this.#other.store, this.#player.node.store, JSON.stringify(step).slice(0, 200));
    }
    this.#other.store.verify();
  }

  async #run(command: readonly string[]): Promise<void> {
    const commands = command[0] === 'MULTI' ? splitAt(command, '|') : [command];
    await this.#player.play(commands);
  }

  #absolute(word: string): string {
    return /^@-?\d+$/.test(word) ? `${this.#player.now + Number(word.slice(1))}` : word;
  }

  #append(group: EffectGroup): void {
    // What is done again changes nothing.
    this.#replica.apply(group);
    this.#replica.apply(group);
  }
}

function splitAt(words: readonly string[], mark: string): string[][] {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (word === mark) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
}

/** What the model of the commands does not know: leases, bit fields, transactions, values that push others out. */
function otherCommand(): fc.Arbitrary<readonly string[]> {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const ms = fc.integer({ min: 1, max: 3000 }).map(String);
  const large = fc.constantFrom(300_000, 400_000, 700_000).map((length) => 'x'.repeat(length));
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('v', '17', 'w'.repeat(300)) },
    { weight: 2, arbitrary: large },
  );
  const word = (...words: string[]): fc.Arbitrary<string> => fc.constantFrom(...words);
  const fillOptions = fc
    .tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean(), ms)
    .map(([px, fresh, load, absent, time]) => [
      ...(px ? ['PX', time] : []),
      ...(fresh ? ['FRESH', '50'] : []),
      ...(load ? ['LOAD', time] : []),
      ...(absent ? ['ABSENT'] : []),
    ]);
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(key, value, fillOptions).map(([k, v, rest]) => ['LEASE.FILL', k, '*', v, ...rest]),
    },
    { weight: 3, arbitrary: fc.tuple(word('SET'), key, value) },
    { weight: 3, arbitrary: fc.tuple(word('SET'), key, value, word('PX'), ms) },
    fc.tuple(word('LEASE.EXPIRE', 'DEL', 'UNLINK', 'TOUCH', 'EXISTS'), key, key),
    fc.tuple(word('LEASE.GET'), key, word('WRITE', 'EARLY', 'NOLEASE')),
    fc.tuple(word('LEASE.VOID', 'GETDEL', 'INCR', 'DECR', 'GET', 'LEASE.GET'), key),
    fc.tuple(word('APPEND', 'GETSET'), key, value),
    fc.tuple(word('SETRANGE'), key, word('0', '3', '250000'), value),
    fc.tuple(word('SETBIT'), key, word('7', '90', '2000000', '8000000'), word('0', '1')),
    fc.tuple(
      word('BITFIELD'),
      key,
      word('SET', 'INCRBY'),
      word('u8', 'i5'),
      word('0', '#9', '800000'),
      word('1', '200'),
    ),
    fc.tuple(word('INCRBYFLOAT'), key, word('1.5', '-2')),
    fc.tuple(word('EXPIRE', 'PEXPIRE'), key, word('1', '0', '-1'), word('NX', 'XX', 'GT', 'LT')),
    fc.tuple(word('SETEX', 'PSETEX'), key, word('2'), value),
    fc.tuple(word('EXPIREAT', 'PEXPIREAT'), key, word('1', '9007199254740993')),
    fc.tuple(
      word('MULTI'),
      word('|'),
      word('SET'),
      key,
      value,
      word('|'),
      word('DEL', 'INCR'),
      key,
      word('|'),
      word('EXEC'),
    ),
    fc.tuple(
      word('MULTI'),
      word('|'),
      word('APPEND'),
      key,
      value,
      word('|'),
      word('FLUSHDB'),
      word('|'),
      word('SET'),
      key,
      value,
      word('|'),
      word('EXEC'),
    ),
    fc.constantFrom(['FLUSHALL'], ['FLUSHDB', 'ASYNC'], ['RANDOMKEY'], ['SWAPDB', '0', '0'], ['DBSIZE']),
  );
}
