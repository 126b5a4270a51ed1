/**
 * How a value is loaded and kept: what a call may say, what the cache says for all calls, and the defaults.
 */
import { DURATION_FORMS, type Duration, durationMs } from '../base/index.js';
import { ClientOptionsError } from './errors.js';

/** What a call may say; what it leaves out, the cache's options say. Durations are ms, or texts such as '5m'. */
export interface LoadOptions {
  /** The value is fresh for so long, or up to `jitter` less. Default '5m'. */
  readonly ttl?: Duration;
  /** The share by which lifetimes are shortened at random: 0 to 0.9. Default 0.1. */
  readonly jitter?: number;
  /** After `ttl` it may be served for so long while one caller in the fleet loads it anew. Default 0. */
  readonly staleWhileRevalidate?: Duration;
  /** After `ttl` it may be served for so long if loading fails. Default 0. */
  readonly staleIfError?: Duration;
  /** A loader's error is answered to all who ask for so long, without loading again. Default '1s'. */
  readonly errorTtl?: Duration;
  /** Whether readers refresh a value before it is stale. Default true. */
  readonly earlyRefresh?: boolean;
  /** A stale value that may be served if loading fails is served when the loader takes longer than this. Default: never. */
  readonly softTimeout?: Duration;
  /** A loader that takes longer has failed: its `signal` aborts. Default '30s'. */
  readonly hardTimeout?: Duration;
  /** How long to wait for somebody else's load; then a stale value is served, or the caller loads for itself. Default '5s'. */
  readonly waitTimeout?: Duration;
  /** The loader group that bounds how many such loads run at once. Default 'default'. */
  readonly group?: string;
}

export interface ResolvedLoadOptions {
  readonly ttlMs: number;
  readonly jitter: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  readonly errorTtlMs: number;
  readonly earlyRefresh: boolean;
  /** Infinity: never. */
  readonly softTimeoutMs: number;
  readonly hardTimeoutMs: number;
  readonly waitTimeoutMs: number;
  readonly group: string;
}

export const DEFAULT_GROUP = 'default';

export const loadDefaults: ResolvedLoadOptions = Object.freeze({
  ttlMs: 300_000,
  jitter: 0.1,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  errorTtlMs: 1_000,
  earlyRefresh: true,
  softTimeoutMs: Number.POSITIVE_INFINITY,
  hardTimeoutMs: 30_000,
  waitTimeoutMs: 5_000,
  group: DEFAULT_GROUP,
});

/** A year: lifetimes beyond it are mistakes. */
export const MAX_TTL_MS = 366 * 86_400_000;
/** Timers of the platform end here. */
export const MAX_TIMER_MS = 2_147_483_647;
/** Errors are shared for a moment, not kept. */
const MAX_ERROR_TTL_MS = 60_000;
const MAX_JITTER = 0.9;

/** Of each duration of a call: where it goes, and what it may be. */
interface DurationRule {
  readonly field: Exclude<keyof ResolvedLoadOptions, 'jitter' | 'earlyRefresh' | 'group'>;
  readonly min: number;
  readonly max: number;
}

const durations: ReadonlyMap<string, DurationRule> = new Map<keyof LoadOptions, DurationRule>([
  ['ttl', { field: 'ttlMs', min: 1, max: MAX_TTL_MS }],
  ['staleWhileRevalidate', { field: 'staleWhileRevalidateMs', min: 0, max: MAX_TTL_MS }],
  ['staleIfError', { field: 'staleIfErrorMs', min: 0, max: MAX_TTL_MS }],
  ['errorTtl', { field: 'errorTtlMs', min: 0, max: MAX_ERROR_TTL_MS }],
  ['softTimeout', { field: 'softTimeoutMs', min: 1, max: MAX_TIMER_MS }],
  ['hardTimeout', { field: 'hardTimeoutMs', min: 1, max: MAX_TIMER_MS }],
  ['waitTimeout', { field: 'waitTimeoutMs', min: 0, max: MAX_TIMER_MS }],
]);
const others: ReadonlySet<string> = new Set<keyof LoadOptions>(['jitter', 'earlyRefresh', 'group']);

/** Whether there is an option of a load that is called so. */
export function isLoadOption(name: string): boolean {
  return durations.has(name) || others.has(name);
}

/** Fills in what is left out. Throws a ClientOptionsError that names every problem. */
export function resolveLoadOptions(
  options: LoadOptions | undefined,
  defaults: ResolvedLoadOptions,
  groups: ReadonlySet<string>,
): ResolvedLoadOptions {
  if (options === undefined) return defaults;
  const problems: string[] = [];
  const resolved = checkLoadOptions(options, defaults, problems);
  for (const name in options) {
    if (!isLoadOption(name)) problems.push(`${name} is no option of a load.`);
  }
  if (!groups.has(resolved.group)) {
    problems.push(`group is '${resolved.group}': name it in the cache's option \`groups\` first.`);
  }
  if (problems.length > 0) throw new ClientOptionsError(problems);
  return resolved;
}

/** The same for the cache's own options, which have others beside them. Looks only at what is given: it runs for each read. */
export function checkLoadOptions(
  options: LoadOptions,
  defaults: ResolvedLoadOptions,
  problems: string[],
): ResolvedLoadOptions {
  const { jitter = defaults.jitter, earlyRefresh = defaults.earlyRefresh, group = defaults.group } = options;
  if (!(jitter >= 0 && jitter <= MAX_JITTER)) {
    problems.push(`jitter is ${String(jitter)}: give a share from 0 to ${MAX_JITTER}.`);
  }
  if (typeof earlyRefresh !== 'boolean')
    problems.push(`earlyRefresh is ${String(earlyRefresh)}: give true or false.`);
  const resolved = { ...defaults, jitter, earlyRefresh, group };
  for (const name in options) {
    const rule = durations.get(name);
    const given = options[name as keyof LoadOptions] as Duration | undefined;
    if (rule === undefined || given === undefined) continue;
    resolved[rule.field] = checkDuration(name, given, rule.min, rule.max, problems);
  }
  return resolved;
}

/** The duration in ms; the problem is added if it is none or out of range. */
export function checkDuration(
  name: string,
  given: Duration,
  min: number,
  max: number,
  problems: string[],
): number {
  const ms = typeof given === 'number' ? given : textMs(given);
  if (ms >= min && ms <= max) return ms;
  problems.push(`${name} is ${JSON.stringify(given)}: give ${DURATION_FORMS}, from ${min} to ${max} ms.`);
  return min;
}

/** A program writes a few texts at many places, and each read brings one. */
const parsed = new Map<string, number>();
const MAX_PARSED = 256;

function textMs(text: Exclude<Duration, number>): number {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const ms = durationMs(text);
  if (parsed.size < MAX_PARSED) parsed.set(text, ms);
  return ms;
}
