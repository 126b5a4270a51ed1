/**
 * What a parameter of CONFIG GET and CONFIG SET is, and the usual ways to read one. The parameters themselves:
 * config-table.ts.
 *
 * The texts of errors are those of Redis 7.0.
 */
import type { CacheNode } from './cache-node.js';

/** What setting a parameter does. docs/configuration.md lists the parameters by it. */
export type ParameterSort =
  /** It takes effect at once. */
  | 'effective'
  /** Any value Redis takes is accepted and told again, and changes nothing: it tunes what we do another way. */
  | 'remembered'
  /** It has one value here; any other is refused, with the reason. */
  | 'fixed'
  /** It is set at the start. */
  | 'immutable';

export interface Parameter {
  readonly name: string;
  readonly sort: ParameterSort;
  /** Why some values, or all others, are refused. */
  readonly reason?: string;
  /** The one value of a fixed parameter. */
  readonly only?: string;
  get(node: CacheNode): string;
  /** Undefined: it cannot be changed while the node runs. */
  readonly set?: (node: CacheNode, value: string) => Change;
}

/** What comes of a value: a change that is ready to be made, or the problem with it. */
export type Change = { readonly apply: () => void } | { readonly problem: string };

const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
export const MAX_INT32 = 2_147_483_647;

type Read = (node: CacheNode) => number;
type Write = (node: CacheNode, value: number) => void;

/** A value in bytes, such as `100mb`. */
export function memory(name: string, min: number, max: number, get: Read, write: Write): Parameter {
  return {
    name,
    sort: 'effective',
    get: (node) => String(get(node)),
    set: (node, text) => {
      const value = parseMemory(text);
      if (value === undefined) return { problem: 'argument must be a memory value' };
      return ranged(value, min, max, () => write(node, value));
    },
  };
}

export function integer(name: string, min: number, max: number, get: Read, write: Write): Parameter {
  return {
    name,
    sort: 'effective',
    get: (node) => String(get(node)),
    set: (node, text) => parseInteger(text, min, max, (value) => write(node, value)),
  };
}

/** The change that an integer makes, if the text is one and in range. */
export function parseInteger(text: string, min: number, max: number, apply: (value: number) => void): Change {
  if (!/^-?\d+$/.test(text)) return { problem: "argument couldn't be parsed into an integer" };
  const value = Number(text);
  return ranged(value, min, max, () => apply(value));
}

/** The change, if its value is in range. */
export function ranged(value: number, min: number, max: number, apply: () => void): Change {
  if (value < min || value > max) return { problem: `argument must be between ${min} and ${max} inclusive` };
  return { apply };
}

/** Undefined: the text is one of the words. */
export function wordProblem(text: string, words: readonly string[]): string | undefined {
  if (words.includes(text.toLowerCase())) return undefined;
  return `argument(s) must be one of the following: ${words.join(', ')}`;
}

/** `100`, `100b`, `1k` (1000), `1kb` (1024), and so on. Undefined for anything else. */
export function parseMemory(text: string): number | undefined {
  const match = /^(\d+)(b|k|kb|m|mb|g|gb)?$/i.exec(text);
  if (match === null) return undefined;
  const units: Readonly<Record<string, number>> = {
    b: 1,
    k: 1000,
    kb: KIB,
    m: 1_000_000,
    mb: MIB,
    g: 1_000_000_000,
    gb: GIB,
  };
  const value = Number(match[1]) * (units[(match[2] ?? 'b').toLowerCase()] ?? 1);
  return Number.isSafeInteger(value) ? value : undefined;
}
