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

const known: ReadonlySet<string> = new Set<keyof LoadOptions>([
  'ttl',
  'jitter',
  'staleWhileRevalidate',
  'staleIfError',
  'errorTtl',
  'earlyRefresh',
  'softTimeout',
  'hardTimeout',
  'waitTimeout',
  'group',
]);

/** Fills in what is left out. Throws a ClientOptionsError that names every problem. */
export function resolveLoadOptions(
  options: LoadOptions | undefined,
  defaults: ResolvedLoadOptions,
  groups: ReadonlySet<string>,
): ResolvedLoadOptions {
  if (options === undefined) return defaults;
  const problems: string[] = [];
  const resolved = checkLoadOptions(options, defaults, problems);
  for (const name of Object.keys(options)) {
    if (!known.has(name)) problems.push(`${name} is no option of a load.`);
  }
  if (!groups.has(resolved.group)) {
    problems.push(`group is '${resolved.group}': name it in the cache's option \`groups\` first.`);
  }
  if (problems.length > 0) throw new ClientOptionsError(problems);
  return resolved;
}

/** The same for the cache's own options, which have others beside them. */
export function checkLoadOptions(
  options: LoadOptions,
  defaults: ResolvedLoadOptions,
  problems: string[],
): ResolvedLoadOptions {
  const ms = (name: keyof LoadOptions, fallback: number, min: number, max: number): number => {
    const given = options[name] as Duration | undefined;
    return given === undefined ? fallback : checkDuration(name, given, min, max, problems);
  };
  const { jitter = defaults.jitter, earlyRefresh = defaults.earlyRefresh, group = defaults.group } = options;
  if (!(jitter >= 0 && jitter <= MAX_JITTER)) {
    problems.push(`jitter is ${String(jitter)}: give a share from 0 to ${MAX_JITTER}.`);
  }
  if (typeof earlyRefresh !== 'boolean')
    problems.push(`earlyRefresh is ${String(earlyRefresh)}: give true or false.`);
  return {
    ttlMs: ms('ttl', defaults.ttlMs, 1, MAX_TTL_MS),
    jitter,
    staleWhileRevalidateMs: ms('staleWhileRevalidate', defaults.staleWhileRevalidateMs, 0, MAX_TTL_MS),
    staleIfErrorMs: ms('staleIfError', defaults.staleIfErrorMs, 0, MAX_TTL_MS),
    errorTtlMs: ms('errorTtl', defaults.errorTtlMs, 0, MAX_ERROR_TTL_MS),
    earlyRefresh,
    softTimeoutMs: ms('softTimeout', defaults.softTimeoutMs, 1, MAX_TIMER_MS),
    hardTimeoutMs: ms('hardTimeout', defaults.hardTimeoutMs, 1, MAX_TIMER_MS),
    waitTimeoutMs: ms('waitTimeout', defaults.waitTimeoutMs, 0, MAX_TIMER_MS),
    group,
  };
}

/** The duration in ms; the problem is added if it is none or out of range. */
export function checkDuration(
  name: string,
  given: Duration,
  min: number,
  max: number,
  problems: string[],
): number {
  const ms = durationMs(given);
  if (ms >= min && ms <= max) return ms;
  problems.push(`${name} is ${JSON.stringify(given)}: give ${DURATION_FORMS}, from ${min} to ${max} ms.`);
  return min;
}
