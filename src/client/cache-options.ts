/**
 * What a cache can be told: what users write, the defaults, and the check that reports every problem at once.
 */
import { BYTE_SIZE_FORMS, type ByteSize, byteCount, type Duration } from '../base/index.js';
import { MIN_NEAR_BYTES } from './core/index.js';
import { ClientOptionsError } from './errors.js';
import {
  checkDuration,
  checkLoadOptions,
  DEFAULT_GROUP,
  isLoadOption,
  type LoadOptions,
  loadDefaults,
  MAX_TIMER_MS,
  MAX_TTL_MS,
  type ResolvedLoadOptions,
} from './load-options.js';
import { groupDefaults, type LoaderGroupOptions } from './loader-groups.js';
import type { NearOptions } from './near-values.js';
import { jsonSerializer, type Serializer } from './serializer.js';

/** A near cache: values kept in this process, dropped when the node says that they changed. */
export interface NearCacheOptions {
  /** All its memory: bytes, or a text such as '64mb'. At least 64 KB. */
  readonly maxBytes: ByteSize;
  /** A value is read anew from the node after so long at the latest. Default '5s'. */
  readonly ttl?: Duration;
  /** Give every reader a copy of its own, decoded for it. Default false: all share one, frozen. */
  readonly copy?: boolean;
}

/** What holds for all calls of a cache. */
export interface CacheBehavior extends LoadOptions {
  /** What all its keys begin with at the node. Default ''. */
  readonly prefix?: string;
  /** Values kept in this process. Default: none. */
  readonly near?: false | NearCacheOptions;
  /** How long an operation of the cache may take before reads go on without it. Default '200ms'. */
  readonly deadline?: Duration;
  /** How long `delete`, `expire` and `writeThrough` wait for the node's acknowledgement. Default '5s'. */
  readonly invalidationDeadline?: Duration;
  /** How long a lease lasts that is not renewed, should this process die. Default '5s'. */
  readonly lease?: Duration;
  /** Loader groups by name, each with its bounds. There is always one called 'default'. */
  readonly groups?: Readonly<Record<string, LoaderGroupOptions>>;
  /** How values are written. Default: JSON. */
  readonly serializer?: Serializer;
}

export interface ResolvedBehavior {
  readonly load: ResolvedLoadOptions;
  readonly prefix: string;
  readonly near: NearOptions | undefined;
  readonly deadlineMs: number;
  readonly invalidationDeadlineMs: number;
  readonly leaseMs: number;
  readonly groups: ReadonlyMap<string, Required<LoaderGroupOptions>>;
  readonly serializer: Serializer;
}

export const behaviorDefaults = Object.freeze({
  nearTtlMs: 5_000,
  deadlineMs: 200,
  invalidationDeadlineMs: 5_000,
  leaseMs: 5_000,
});

/** Leases are at least so long: a renewal each third has to pass through a busy process. */
const MIN_LEASE_MS = 100;
const MAX_LEASE_MS = 60_000;

const behaviorNames: readonly (keyof CacheBehavior)[] = [
  'prefix',
  'near',
  'deadline',
  'invalidationDeadline',
  'lease',
  'groups',
  'serializer',
];
const nearNames: readonly (keyof NearCacheOptions)[] = ['maxBytes', 'ttl', 'copy'];
const groupNames = ['cap', 'maxQueued', 'processes', 'maxQueuedMs'] as const;

/** Names that are no options of a cache, but for `others`: what is written wrong would be silently left out. */
export function checkNames(options: object, others: readonly string[], problems: string[]): void {
  const known: readonly string[] = [...others, ...behaviorNames];
  for (const name of Object.keys(options)) {
    if (!known.includes(name) && !isLoadOption(name)) problems.push(`${name} is no option of a cache.`);
  }
}

/** The same for an option that has options of its own. False if it has none. */
export function checkObject(
  of: string,
  options: unknown,
  known: readonly string[],
  problems: string[],
): boolean {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    problems.push(`${of} is ${String(options)}: give an object with ${known.join(', ')}.`);
    return false;
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) problems.push(`${of}.${name} is no option; there are ${known.join(', ')}.`);
  }
  return true;
}

/** Fills in what is left out; problems are added to the list. */
export function resolveBehavior(options: CacheBehavior, problems: string[]): ResolvedBehavior {
  const ms = (name: string, given: Duration | undefined, fallback: number, min: number, max: number) =>
    given === undefined ? fallback : checkDuration(name, given, min, max, problems);
  const { prefix = '', serializer = jsonSerializer } = options;
  if (typeof prefix !== 'string') problems.push(`prefix is ${String(prefix)}: give a text.`);
  checkSerializer(serializer, problems);
  const groups = resolveGroups(options.groups ?? {}, problems);
  const load = checkLoadOptions(options, loadDefaults, problems);
  if (!groups.has(load.group)) problems.push(`group is '${load.group}': name it in \`groups\` as well.`);
  return {
    load,
    prefix,
    near: resolveNear(options.near, serializer, problems),
    deadlineMs: ms('deadline', options.deadline, behaviorDefaults.deadlineMs, 1, MAX_TIMER_MS),
    invalidationDeadlineMs: ms(
      'invalidationDeadline',
      options.invalidationDeadline,
      behaviorDefaults.invalidationDeadlineMs,
      1,
      MAX_TIMER_MS,
    ),
    leaseMs: ms('lease', options.lease, behaviorDefaults.leaseMs, MIN_LEASE_MS, MAX_LEASE_MS),
    groups,
    serializer,
  };
}

function resolveNear(
  near: CacheBehavior['near'],
  serializer: Serializer,
  problems: string[],
): NearOptions | undefined {
  if (near === undefined || near === false) return undefined;
  if (!checkObject('near', near, nearNames, problems)) return undefined;
  if (near.copy !== undefined && typeof near.copy !== 'boolean')
    problems.push(`near.copy is ${String(near.copy)}: give true or false.`);
  const maxBytes = byteCount(near.maxBytes);
  if (!(maxBytes >= MIN_NEAR_BYTES)) {
    problems.push(
      `near.maxBytes is ${JSON.stringify(near.maxBytes)}: give ${BYTE_SIZE_FORMS}, at least ${MIN_NEAR_BYTES}.`,
    );
  }
  const ttlMs =
    near.ttl === undefined
      ? behaviorDefaults.nearTtlMs
      : checkDuration('near.ttl', near.ttl, 1, MAX_TTL_MS, problems);
  // Bytes cannot be frozen: each reader gets its own.
  return { maxBytes, ttlMs, copy: near.copy === true || serializer?.reads === 'bytes' };
}

function checkSerializer(serializer: Serializer | null, problems: string[]): void {
  const isOne =
    typeof serializer?.encode === 'function' &&
    typeof serializer.decode === 'function' &&
    (serializer.reads === 'text' || serializer.reads === 'bytes');
  if (!isOne)
    problems.push(
      "serializer is none: give an object with encode, decode, reads ('text' or 'bytes') and name.",
    );
}

function resolveGroups(
  given: Readonly<Record<string, LoaderGroupOptions>>,
  problems: string[],
): Map<string, Required<LoaderGroupOptions>> {
  const groups = new Map([[DEFAULT_GROUP, groupDefaults]]);
  if (typeof given !== 'object' || given === null) {
    problems.push(`groups is ${String(given)}: give an object such as { db: { cap: 50 } }.`);
    return groups;
  }
  for (const [name, options] of Object.entries(given)) {
    if (!checkObject(`groups.${name}`, options, groupNames, problems)) continue;
    const group = { ...groupDefaults, ...options };
    for (const bound of groupNames) {
      const least = bound === 'maxQueued' ? 0 : 1;
      if (!Number.isInteger(group[bound]) || group[bound] < least) {
        problems.push(
          `groups.${name}.${bound} is ${String(group[bound])}: give a whole number from ${least} on.`,
        );
      }
    }
    groups.set(name, group);
  }
  return groups;
}

/** Throws what was found, if anything. */
export function throwProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new ClientOptionsError(problems);
}
