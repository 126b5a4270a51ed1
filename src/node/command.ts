/**
 * A command as dispatch sees it: the facts of the command table, folded into numbers, beside its handler and
 * its counters. One object per command, made once at start.
 */
import {
  CommandIndex,
  type CommandSpec,
  type ContainerName,
  commandTable,
  type SubcommandName,
} from '../resp/index.js';
import type { Handler } from './session.js';

/** What dispatch asks of a command. Bits of `Command.flags`. */
export const Trait = {
  WRITE: 1,
  READONLY: 2,
  /** Allowed before the password was given. */
  NO_AUTH: 4,
  /** Not allowed between MULTI and EXEC. */
  NO_MULTI: 8,
  /** Executed at once between MULTI and EXEC: all others are queued there. */
  NEVER_QUEUED: 16,
  /** Allowed to a RESP2 client with subscriptions. */
  WHILE_SUBSCRIBED: 32,
  /** It may carry a password, which is never shown: see secrets.ts. */
  SECRET: 64,
  SKIP_SLOWLOG: 128,
  /** Its time can grow with its arguments or with the data, so it is measured for the slow log. */
  MEASURED: 256,
  /** Goes to others, so CLIENT PAUSE WRITE holds it back like a write. */
  PUBLISHES: 512,
  /** CLIENT CACHING outlives it. */
  KEEPS_CACHING: 2048,
  /** MONITOR does not show it. */
  SKIP_MONITOR: 4096,
  /** CLIENT TRACKING notes its keys as read. */
  READS_KEYS: 8192,
  /** It changes the data, so in a cluster it needs the write lease. */
  CHANGES: 16384,
  /** It takes something away: all copies must have that before it is answered. */
  TAKES_AWAY: 32768,
  /** It does so with one of the words of `spec.takesAwayWith`. */
  MAY_TAKE_AWAY: 65536,
  /** It only adds, so no copy but this one need have it. */
  ADDS: 131072,
  /** Its keys are names of channels. */
  SHARD_CHANNEL: 262144,
  /** It executes what MULTI has queued. */
  EXECUTES: 524288,
} as const;

const neverQueued = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset']);
const whileSubscribed = new Set([
  'ping',
  'subscribe',
  'ssubscribe',
  'sunsubscribe',
  'unsubscribe',
  'psubscribe',
  'punsubscribe',
  'quit',
  'reset',
]);
const secret = new Set(['auth', 'hello', 'config|set']);
/** Writes whose caller knows the value afterwards, so that it has to hear of the next change. */
const writesThatRead = new Set(['lease.get', 'lease.fill']);
const publishes = new Set(['publish', 'spublish']);

/** Whose replies may speak of a write. */
export const SPEAKS_OF_WRITES = Trait.CHANGES | Trait.MAY_TAKE_AWAY | Trait.EXECUTES;

/** Powers of two of a microsecond; the last has everything over half an hour. */
const HISTOGRAM_BUCKETS = 31;

export class Command {
  readonly name: string;
  readonly spec: CommandSpec;
  /** Words including the name; negative: at least so many. */
  readonly arity: number;
  /** Bits of `Trait`. */
  readonly flags: number;
  readonly handler: Handler;
  /** The argument of its key, if it has one key only; else 0. */
  readonly keyAt: number;
  /** Undefined for a command without subcommands. */
  readonly subcommands: CommandIndex<Command> | undefined;
  readonly children: readonly Command[];

  // Statistics; CONFIG RESETSTAT makes them 0.
  calls = 0;
  /** Executed and answered with an error. */
  failed = 0;
  /** Refused before execution. */
  rejected = 0;
  /** How often its time was taken, and the sum. */
  measured = 0;
  measuredUs = 0;
  /** How many of these took less than 2, 4, 8 ... microseconds and not less than half of it. */
  histogram: Float64Array | undefined = undefined;

  constructor(spec: CommandSpec, handler: Handler, children: readonly Command[]) {
    this.spec = spec;
    this.name = spec.name;
    this.arity = spec.arity;
    this.flags = traitsOf(spec);
    this.keyAt = onlyKeyOf(spec);
    this.handler = handler;
    this.children = children;
    this.subcommands =
      children.length === 0
        ? undefined
        : new CommandIndex(children.map((child) => [child.name.slice(spec.name.length + 1), child] as const));
  }

  took(us: number): void {
    this.measured++;
    this.measuredUs += us;
    this.histogram ??= new Float64Array(HISTOGRAM_BUCKETS);
    this.histogram[Math.min(HISTOGRAM_BUCKETS - 1, 31 - Math.clz32(us | 1))]++;
  }

  resetStatistics(): void {
    this.calls = 0;
    this.failed = 0;
    this.rejected = 0;
    this.measured = 0;
    this.measuredUs = 0;
    this.histogram = undefined;
    for (const child of this.children) child.resetStatistics();
  }
}

function traitsOf(spec: CommandSpec): number {
  const has = (flag: CommandSpec['flags'][number], trait: number): number =>
    spec.flags.includes(flag) ? trait : 0;
  const when = (condition: boolean, trait: number): number => (condition ? trait : 0);
  return (
    has('write', Trait.WRITE) |
    has('readonly', Trait.READONLY) |
    has('no_auth', Trait.NO_AUTH) |
    has('no_multi', Trait.NO_MULTI) |
    has('skip_slowlog', Trait.SKIP_SLOWLOG) |
    has('skip_monitor', Trait.SKIP_MONITOR) |
    when(neverQueued.has(spec.name), Trait.NEVER_QUEUED) |
    when(whileSubscribed.has(spec.name), Trait.WHILE_SUBSCRIBED) |
    when(secret.has(spec.name), Trait.SECRET) |
    when(publishes.has(spec.name), Trait.PUBLISHES) |
    when(readsKeys(spec), Trait.READS_KEYS) |
    when(spec.flags.includes('write') && spec.change !== 'none', Trait.CHANGES) |
    when(spec.change === 'takes away', Trait.TAKES_AWAY) |
    when(spec.takesAwayWith !== undefined, Trait.MAY_TAKE_AWAY) |
    when(spec.change === 'adds', Trait.ADDS) |
    when(spec.keys?.some((range) => range.flags.includes('not_key')) === true, Trait.SHARD_CHANNEL) |
    when(spec.name === 'exec', Trait.EXECUTES) |
    when(!spec.flags.includes('fast') && !spec.complexity.startsWith('O(1)'), Trait.MEASURED) |
    when(spec.name.startsWith('client'), Trait.KEEPS_CACHING)
  );
}

function onlyKeyOf({ keys = [] }: CommandSpec): number {
  return keys.length === 1 && keys[0].last === 0 ? keys[0].index : 0;
}

/** What stands in the place of keys of a pub/sub command is channels. */
function readsKeys(spec: CommandSpec): boolean {
  if (writesThatRead.has(spec.name)) return true;
  return spec.flags.includes('readonly') && !spec.flags.includes('pubsub');
}

type Spec = (typeof commandTable)[number];

/**
 * Every name that can be executed: the plain commands, the subcommands, and `command`, which is both a
 * command and a parent. The other parents are never executed alone.
 */
export type HandlerName =
  | Exclude<Spec['name'], Exclude<ContainerName, 'command'>>
  | SubcommandName<ContainerName>;

/** A handler for each of them: a command without one does not compile. */
export type Handlers = Readonly<Record<HandlerName, Handler>>;

export interface CommandSet {
  /** All commands of the top level, in the order of the table. */
  readonly list: readonly Command[];
  readonly index: CommandIndex<Command>;
}

export function buildCommands(handlers: Handlers): CommandSet {
  const byName: Readonly<Record<string, Handler>> = handlers;
  const build = (spec: CommandSpec): Command =>
    new Command(spec, byName[spec.name] ?? missing, (spec.subcommands ?? []).map(build));
  const list = commandTable.map((spec) => build(spec));
  return { list, index: new CommandIndex(list.map((command) => [command.name, command] as const)) };
}

/** A parent such as CONFIG has no handler of its own: dispatch always finds a subcommand or refuses. */
const missing: Handler = (session) => {
  session.out.error('ERR internal error: a parent command was executed');
};
