/**
 * Random commands from a seed: every data command with arguments that are likely to matter, few keys so that commands
 * meet, and now and then an argument too few, too many or out of place.
 *
 * A template is a line of words; a word in capitals stands for itself, one in small letters for a choice below, `?` before a word
 * makes it optional. No lifetime drawn here ends while the test runs, and no two are equal, so that the clocks of two servers
 * cannot decide a comparison.
 */
import { Seeded } from '../kit/seeded.js';
import type { Scenario, Step } from './script.js';

const scenarioCount = 30;
const commandsPerScenario = 100;

export function randomScenarios(seed: number): Scenario[] {
  return Array.from({ length: scenarioCount }, (_, index) => randomScenario(seed * 1_000 + index));
}

const templates: readonly string[] = [
  'GET key',
  'GET key',
  'SET key value',
  'SET key value',
  'SET key value setOption ?setOption ?setOption',
  'SETNX key value',
  'SETEX key seconds value',
  'PSETEX key milliseconds value',
  'GETSET key value',
  'GETDEL key',
  'GETEX key ?getexOption ?getexOption',
  'MGET key ?key ?key',
  'MSET key value ?key ?value',
  'MSETNX key value key value',
  'APPEND key value',
  'STRLEN key',
  'GETRANGE key index index',
  'SUBSTR key index index',
  'SETRANGE key offset value',
  'INCR key',
  'DECR key',
  'INCRBY key integer',
  'DECRBY key integer',
  'INCRBYFLOAT key float',
  'LCS key key ?lcsOption ?lcsOption',
  'SETBIT key bitOffset bit',
  'GETBIT key bitOffset',
  'BITCOUNT key',
  'BITCOUNT key index index ?unit',
  'BITPOS key bit ?index ?index ?unit',
  'BITOP operation key key ?key',
  'BITFIELD key bitfieldPart ?bitfieldPart ?bitfieldPart',
  'BITFIELD_RO key GET bitType bitOffset',
  'DEL key ?key',
  'UNLINK key ?key',
  'EXISTS key ?key ?key',
  'TOUCH key ?key',
  'TYPE key',
  'RENAME key key',
  'RENAMENX key key',
  'COPY key key ?copyOption',
  'MOVE key database',
  'EXPIRE key seconds ?expireOption ?expireOption',
  'PEXPIRE key milliseconds ?expireOption',
  'EXPIREAT key secondsAt ?expireOption',
  'PEXPIREAT key millisecondsAt ?expireOption',
  'TTL key',
  'PTTL key',
  'EXPIRETIME key',
  'PEXPIRETIME key',
  'PERSIST key',
  'KEYS pattern',
  'SCAN 0 ?scanOption ?scanOption',
  'SELECT database',
  'SWAPDB database database',
  'OBJECT ENCODING key',
  'WATCH key',
  'UNWATCH',
  'MULTI',
  'EXEC',
  'EXEC',
  'DISCARD',
  'ECHO value',
  'FLUSHDB',
];

/**
 * Replies which depend on a clock or an order, and the rule for each. They are not drawn inside a transaction, whose reply
 * is one for all; nor is OBJECT, which has its exception. DBSIZE is not drawn at all: Redis counts what has expired.
 */
const rulesByCommand: Readonly<Record<string, string>> = {
  TTL: 'near-s',
  PTTL: 'near-ms',
  EXPIRETIME: 'near-s',
  PEXPIRETIME: 'near-ms',
  KEYS: 'unordered',
  SCAN: 'scan',
  OBJECT: 'exact',
};

function randomScenario(seed: number): Scenario {
  const random = new Seeded(seed);
  const steps: Step[] = [];
  let inTransaction = false;
  while (steps.length < commandsPerScenario) {
    const words = random.pick(templates).split(' ');
    const rule = rulesByCommand[words[0]];
    if (inTransaction && rule) continue;
    let args = words.flatMap((word) => fill(word, random));
    if (random.chance(0.04)) args = damage(args, random);
    const name = args[0];
    // A wrong number of arguments leaves the transaction as it is.
    if (args.length === 1 && name === 'MULTI') inTransaction = true;
    if (args.length === 1 && (name === 'EXEC' || name === 'DISCARD')) inTransaction = false;
    steps.push(step(args, args.length > 1 ? (rule ?? 'exact') : 'exact', seed));
  }
  if (inTransaction) steps.push(step(['EXEC'], 'exact', seed));
  return { title: `random commands ${seed}`, protocols: [2, 3], ours: false, steps };
}

function step(args: readonly string[], rule: string, seed: number): Step {
  const shown = args.map((arg) => JSON.stringify(arg.slice(0, 100))).join(' ');
  return {
    kind: 'request',
    connection: 1,
    args,
    frames: 1,
    rule,
    source: `seed ${seed}: ${shown}`,
    golden: {},
  };
}

function damage(args: readonly string[], random: Seeded): string[] {
  const at = 1 + random.below(args.length);
  if (args.length > 1 && random.chance(0.4))
    return args.filter((_, index) => index !== Math.min(at, args.length - 1));
  return [...args.slice(0, at), random.pick(['', 'FOO', '1', 'NX', '\r\n', '-1']), ...args.slice(at)];
}

/** What a word of a template becomes: one argument, several, or none. */
function fill(word: string, random: Seeded): string[] {
  if (word.startsWith('?')) return random.chance(0.5) ? fill(word.slice(1), random) : [];
  const choice = choices[word];
  return choice ? choice(random).split(' ') : [word];
}

const odd = [
  '',
  'abc',
  '1.5',
  '-0',
  '+1',
  '01',
  '9223372036854775808',
  '-9223372036854775809',
  '0x10',
  '1e3',
  '\u00ff\u0000',
];
const extremes = [
  '9223372036854775807',
  '-9223372036854775808',
  '9007199254740993',
  '-9007199254740993',
  '4294967296',
];

/** Mostly a useful number, sometimes an extreme, rarely nonsense. */
function number(random: Seeded, usual: () => number, extreme: readonly string[] = extremes): string {
  const dice = random.fraction();
  if (dice < 0.8) return String(usual());
  return dice < 0.92 ? random.pick(extreme) : random.pick(odd);
}

const lifetime = (random: Seeded) => 100 + random.below(1_000_000);
const expirationTexts = [
  '0',
  '-1',
  '-1000',
  '9223372036854775807',
  '9223372036854775',
  '-9223372036854775808',
];

const choices: Readonly<Record<string, (random: Seeded) => string>> = {
  key: (random) =>
    random.pick(['a', 'a', 'b', 'b', 'c', 'd', 'e', 'f', '{t}1', '__proto__', '\u0000\u00ff', '']),
  value: (random) => {
    const dice = random.fraction();
    if (dice < 0.35) return String(random.below(1000) - 500);
    if (dice < 0.45) return random.pick([...extremes, ...odd]);
    if (dice < 0.55) return (random.fraction() * 1000).toFixed(random.below(18));
    if (dice < 0.7) return random.pick(['hello', 'foobar', 'a', '', 'ohmytext', 'mynewtext']);
    if (dice < 0.95) return random.bytes(random.below(30)).replaceAll(' ', '_');
    return 'x'.repeat(random.below(3000));
  },
  seconds: (random) => number(random, () => lifetime(random), expirationTexts),
  milliseconds: (random) => number(random, () => lifetime(random) * 1000, expirationTexts),
  secondsAt: (random) => number(random, () => 99_000_000_000 + lifetime(random), expirationTexts),
  millisecondsAt: (random) => number(random, () => 99_000_000_000_000 + lifetime(random), expirationTexts),
  integer: (random) => number(random, () => random.below(2000) - 1000),
  float: (random) => {
    const usual = () => Number((random.fraction() * 100 - 50).toFixed(random.below(12)));
    return number(random, usual, [
      '1e10',
      '-1e-10',
      '3.0e3',
      'nan',
      'inf',
      '0.1',
      '1e17',
      '1234567890.123456789',
    ]);
  },
  index: (random) => number(random, () => random.below(30) - 15),
  offset: (random) => number(random, () => random.below(50), ['536870912', '4294967295', '-1']),
  bitOffset: (random) =>
    number(random, () => random.below(300), [
      '4294967295',
      '4294967296',
      '-1',
      '9223372036854775807',
    ]).replace(
      // A write at this offset makes a value of 512 MB on both servers: right, and slow.
      /^4294967295$/,
      '4294967300',
    ),
  bit: (random) => random.pick(['0', '1', '1', '0', '1', '2', 'x']),
  unit: (random) => random.pick(['BIT', 'BYTE', 'bit', 'FOO']),
  operation: (random) => random.pick(['AND', 'OR', 'XOR', 'NOT', 'and', 'FOO']),
  bitType: (random) => random.pick(['u8', 'i8', 'u4', 'i5', 'u63', 'i64', 'u1', 'u16', 'i33', 'u64']),
  bitfieldPart: (random) => {
    const type = fill('bitType', random)[0];
    const at = `${random.chance(0.3) ? '#' : ''}${random.below(60)}`;
    const value = fill('integer', random)[0];
    return random.pick([
      `GET ${type} ${at}`,
      `SET ${type} ${at} ${value}`,
      `INCRBY ${type} ${at} ${value}`,
      `OVERFLOW ${random.pick(['SAT', 'FAIL', 'WRAP', 'FOO'])} INCRBY ${type} ${at} ${value}`,
    ]);
  },
  lcsOption: (random) => random.pick(['LEN', 'IDX', 'WITHMATCHLEN', 'MINMATCHLEN 2', 'IDX WITHMATCHLEN']),
  setOption: (random) =>
    random.pick([
      'NX',
      'XX',
      'GET',
      'KEEPTTL',
      `EX ${fill('seconds', random)[0]}`,
      `PX ${fill('milliseconds', random)[0]}`,
    ]),
  getexOption: (random) =>
    random.pick(['PERSIST', `EX ${fill('seconds', random)[0]}`, `PXAT ${fill('millisecondsAt', random)[0]}`]),
  copyOption: (random) => random.pick(['REPLACE', 'DB 1', 'DB 0', 'DB 99', 'FOO', 'DB 2 REPLACE']),
  expireOption: (random) => random.pick(['NX', 'XX', 'GT', 'LT', 'nx', 'FOO']),
  scanOption: (random) =>
    random.pick(['COUNT 1', 'COUNT 100', `MATCH ${fill('pattern', random)[0]}`, 'TYPE string', 'TYPE hash']),
  pattern: (random) => random.pick(['*', 'a*', '?', '[a-c]', '*_*', '[^a]', '{t}*', '']),
  database: (random) => random.pick(['0', '0', '1', '1', '2', '15', '16', '-1', 'x']),
};
