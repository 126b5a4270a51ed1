/**
 * The kinds of values that options have: how each is written, checked and shown.
 *
 * A value comes as text, from wherever it was set, and is never half understood: what is not entirely of
 * the kind's form, or lies outside of its range, is a problem that says what to write instead.
 */
import { isIP } from 'node:net';
import type { OutputLimit } from '../node/index.js';
import {
  isHostName,
  NODE_ADDRESS_FORM,
  type NodeAddress,
  nodeAddressText,
  parseNodeAddress,
} from './node-address.js';

export interface Kind<T> {
  /** What stands for the value in the help: "<size>". Empty for a switch, which needs no value. */
  readonly placeholder: string;
  /** What may be written, in words: "a size from 2mb to 1tb". */
  readonly form: string;
  /** Never shown, neither in help nor in problems. */
  readonly secret: boolean;
  parse(text: string): Parsed<T>;
  /** As a user would write it; parse(format(value)) is value. */
  format(value: T): string;
}

export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** Inclusive. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Words that stand for values of their own: { off: 0, auto: -1 }. */
export type Words = Readonly<Record<string, number>>;

const KB = 1024;
/** From large to small. "kb" is 1024 and "k" is 1000, as Redis has it; "kib" is another name for 1024. */
const sizeUnits = [
  ['tb', KB ** 4],
  ['gb', KB ** 3],
  ['mb', KB ** 2],
  ['kb', KB],
] as const;
const decimalUnits = { t: 1e12, g: 1e9, m: 1e6, k: 1e3, b: 1 } as const;

/** From large to small, in microseconds. */
const timeUnits = [
  ['d', 86_400_000_000],
  ['h', 3_600_000_000],
  ['m', 60_000_000],
  ['s', 1_000_000],
  ['ms', 1_000],
  ['us', 1],
] as const;

const NO_WORDS: Words = {};

/** A number of bytes: "512mb", "2gb", "1048576". */
export function size(range: Range, words: Words = NO_WORDS): Kind<number> {
  const form = `a size from ${formatSize(range.min)} to ${formatSize(range.max)}${orWords(words)}`;
  return numeric({ ...sizes, form, range, words });
}

/** So many bytes, or a share of the memory there is; who knows the machine makes bytes of it. */
export type MemoryAmount = { readonly bytes: number } | { readonly percent: number };

/** An amount of memory: "2gb", "50%". */
export function memory(range: Range): Kind<MemoryAmount> {
  const form = `a size from ${formatSize(range.min)} to ${formatSize(range.max)}, or 1% to 100% of the memory there is`;
  const bytes = numeric({ ...sizes, form, range, words: NO_WORDS });
  return {
    ...bytes,
    parse(text) {
      const [, percent] = /^(\d+)%$/.exec(text.trim()) ?? [];
      if (percent !== undefined) {
        const inside = Number(percent) >= 1 && Number(percent) <= 100;
        return inside
          ? { value: { percent: Number(percent) } }
          : { problem: `is out of range: give ${form}` };
      }
      const parsed = bytes.parse(text);
      return 'value' in parsed ? { value: { bytes: parsed.value } } : parsed;
    },
    format: (value) => ('percent' in value ? `${value.percent}%` : formatSize(value.bytes)),
  };
}

/** A length of time, kept in milliseconds or microseconds: "250ms", "10s", "5m". A number alone is refused, but for 0. */
export function duration(unit: 'ms' | 'us', range: Range, words: Words = NO_WORDS): Kind<number> {
  const perUnit = unit === 'ms' ? 1000 : 1;
  const format = (value: number) => formatDuration(value * perUnit);
  const form = `a time such as 250ms, 10s or 5m, up to ${format(roundedDown(range.max, unit))}${orWords(words)}`;
  const read = (text: string) => parseDuration(text) / perUnit;
  return numeric({ placeholder: '<time>', noun: 'a time with a unit', form, range, words, read, format });
}

/** A whole number. */
export function integer(range: Range): Kind<number> {
  const form = `a whole number from ${range.min} to ${range.max}`;
  return numeric({ ...integers, placeholder: '<number>', form, range, words: NO_WORDS });
}

export function port(words: Words = NO_WORDS): Kind<number> {
  const form = `a port from 1 to 65535, or 0 for any that is free${orWords(words)}`;
  return numeric({ ...integers, placeholder: '<port>', form, range: { min: 0, max: 65_535 }, words });
}

/** Nodes of a cluster, with commas between them. */
export function nodeAddresses(): Kind<readonly NodeAddress[]> {
  const form = `addresses of nodes with commas between them, each ${NODE_ADDRESS_FORM}`;
  return {
    placeholder: '<nodes>',
    form,
    secret: false,
    parse(value) {
      const nodes: NodeAddress[] = [];
      for (const one of value.split(',')) {
        const node = parseNodeAddress(one);
        if ('problem' in node)
          return { problem: `names "${one.trim()}", which ${node.problem}: give ${form}` };
        nodes.push(node);
      }
      return { value: nodes };
    },
    format: (nodes) => nodes.map(nodeAddressText).join(','),
  };
}

/** An address, or a name that stands for one. */
export function host(): Kind<string> {
  const form = 'an IP address such as 127.0.0.1, ::1 or 0.0.0.0, or a host name';
  return text('<host>', 'an address', form, (value) => isIP(value) !== 0 || isHostName(value));
}

/** The path of a file. */
export function file(): Kind<string> {
  return text('<file>', 'a path', 'the path of a file', (value) => value !== '');
}

/** The path of a folder. */
export function folder(): Kind<string> {
  return text('<folder>', 'a path', 'the path of a folder', (value) => value !== '');
}

/** A name that people choose. */
export function word(maxLength: number): Kind<string> {
  const form = `a name of at most ${maxLength} characters without blanks`;
  return text('<name>', 'a name', form, (value) => /^\S+$/.test(value) && value.length <= maxLength);
}

export function choice<const T extends string>(choices: readonly T[]): Kind<T> {
  const form = choices.join(', ').replace(/, ([^,]+)$/, ' or $1');
  const kind = text(`<${choices.join('|')}>`, 'one of its values', form, (value) =>
    choices.some((one) => one === value),
  );
  return kind as Kind<T>;
}

/** What must not be seen: its value appears in no message. */
export function secret(minLength = 1): Kind<string> {
  const form = minLength === 1 ? 'any text that is not empty' : `a text of at least ${minLength} characters`;
  return {
    placeholder: '<secret>',
    form,
    secret: true,
    // Blanks around a secret are a part of it.
    parse(value) {
      if (value === '') return { problem: 'is empty: give any text, or leave it out' };
      if (value.length >= minLength) return { value };
      return {
        problem: `has ${value.length} characters: give ${form}, drawn at random (openssl rand -hex 32)`,
      };
    },
    format: (value) => (value === '' ? 'none' : '(hidden)'),
  };
}

/** On or off; as a flag it needs no value. */
export function toggle(): Kind<boolean> {
  const form = 'true or false';
  return {
    placeholder: '',
    form,
    secret: false,
    parse(value) {
      const word = value.trim().toLowerCase();
      if (['true', 'yes', 'on', '1'].includes(word)) return { value: true };
      if (['false', 'no', 'off', '0'].includes(word)) return { value: false };
      return { problem: `is not a switch's value: give ${form}` };
    },
    format: String,
  };
}

/** Bounds on unsent output: "32mb 8mb 60s" is hard, soft, and for how long; 0 or "off" is none. */
export function outputLimit(): Kind<OutputLimit> {
  const form = 'HARD SOFT TIME, such as "32mb 8mb 60s", where 0 is no limit, or off';
  return {
    placeholder: '<limits>',
    form,
    secret: false,
    parse(value) {
      const words = value.trim().toLowerCase().split(/\s+/);
      if (words.length === 1 && words[0] === 'off')
        return { value: { hardBytes: 0, softBytes: 0, softSeconds: 0 } };
      const [hard = '', soft = '', time = ''] = words;
      const hardBytes = parseSize(hard);
      const softBytes = parseSize(soft);
      const softSeconds = parseDuration(time) / 1e6;
      const areRead = [hardBytes, softBytes].every(Number.isSafeInteger) && !Number.isNaN(softSeconds);
      if (words.length !== 3 || !areRead) return { problem: `is not three limits: give ${form}` };
      if (!Number.isSafeInteger(softSeconds))
        return { problem: `has a time that is not in whole seconds: give ${form}` };
      if (hardBytes !== 0 && hardBytes < softBytes)
        return { problem: `has a hard limit below the soft one: give ${form}` };
      return { value: { hardBytes, softBytes, softSeconds } };
    },
    format({ hardBytes, softBytes, softSeconds }) {
      if (hardBytes === 0 && softBytes === 0) return 'off';
      return `${formatSize(hardBytes)} ${formatSize(softBytes)} ${formatDuration(softSeconds * 1e6)}`;
    },
  };
}

/** A size in the largest unit that leaves a whole number. */
export function formatSize(bytes: number): string {
  for (const [name, factor] of sizeUnits) {
    if (bytes !== 0 && bytes % factor === 0) return `${bytes / factor}${name}`;
  }
  return String(bytes);
}

/** In whole units of the largest kind, so that a limit reads as "24d". */
function roundedDown(value: number, unit: 'ms' | 'us'): number {
  const perUnit = unit === 'ms' ? 1000 : 1;
  const us = timeUnits.find(([, factor]) => factor <= value * perUnit)?.[1] ?? 1;
  return value - (value % (us / perUnit));
}

function formatDuration(us: number): string {
  for (const [name, factor] of timeUnits) {
    if (us !== 0 && us % factor === 0) return `${us / factor}${name}`;
  }
  return '0';
}

/** NaN when it is no size. */
function parseSize(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  if (digits === undefined) return Number.NaN;
  const factor = unit === '' ? 1 : sizeFactor(unit.toLowerCase());
  // A fraction of a unit may be no whole number of bytes: 1.3kb.
  return digits.includes('.') ? Math.floor(Number(digits) * factor) : Number(digits) * factor;
}

function sizeFactor(unit: string): number {
  if (Object.hasOwn(decimalUnits, unit)) return decimalUnits[unit as keyof typeof decimalUnits];
  const binary = sizeUnits.find(([name]) => name === unit || name.replace('b', 'ib') === unit);
  return binary === undefined ? Number.NaN : binary[1];
}

/** In microseconds; NaN when it is no length of time. */
function parseDuration(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  if (digits === undefined) return Number.NaN;
  const factor = timeUnits.find(([name]) => name === unit.toLowerCase())?.[1];
  if (factor === undefined) return unit === '' && Number(digits) === 0 ? 0 : Number.NaN;
  const us = Number(digits) * factor;
  // What is finer than can be kept stays a fraction, so that it is not taken for 0.
  return us < 1 ? us : Math.round(us);
}

function parseInteger(text: string): number {
  return /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
}

interface Numeric {
  readonly placeholder: string;
  /** What the value is not, when it cannot be read: "is not a size". */
  readonly noun: string;
  readonly form: string;
  readonly range: Range;
  readonly words: Words;
  readonly read: (text: string) => number;
  readonly format: (value: number) => string;
}

const sizes = { placeholder: '<size>', noun: 'a size', read: parseSize, format: formatSize };
const integers = { noun: 'a whole number', read: parseInteger, format: String };

function numeric({ placeholder, noun, form, range, words, read, format }: Numeric): Kind<number> {
  return {
    placeholder,
    form,
    secret: false,
    parse(text) {
      const word = text.trim().toLowerCase();
      if (Object.hasOwn(words, word)) return { value: words[word] };
      const value = read(text);
      if (Number.isNaN(value)) return { problem: `is not ${noun}: give ${form}` };
      if (value < range.min) return { problem: `is too small: give ${form}` };
      if (value > range.max) return { problem: `is too large: give ${form}` };
      if (!Number.isSafeInteger(value)) return { problem: `is too fine: give ${form}` };
      return { value };
    },
    format: (value) => Object.keys(words).find((word) => words[word] === value) ?? format(value),
  };
}

function text(
  placeholder: string,
  noun: string,
  form: string,
  accepts: (value: string) => boolean,
): Kind<string> {
  return {
    placeholder,
    form,
    secret: false,
    parse(given) {
      const value = given.trim();
      return accepts(value) ? { value } : { problem: `is not ${noun}: give ${form}` };
    },
    format: (value) => value,
  };
}

function orWords(words: Words): string {
  return Object.keys(words)
    .map((word) => `, or ${word}`)
    .join('');
}
