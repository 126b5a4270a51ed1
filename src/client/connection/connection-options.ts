/**
 * What a connection can be told: one interface, one frozen set of defaults, one `resolve` that checks everything and
 * reports all problems together.
 */
import { isIP } from 'node:net';
import { createSecureContext, type ConnectionOptions as TlsConnectionOptions } from 'node:tls';
import { Random, type RandomSource } from '../../base/index.js';
import { type Reply, type ReplyLimits, replyLimits } from '../../resp/index.js';
import { ClientOptionsError } from '../errors.js';
import { hostTime, type TimeSource } from '../time.js';
import type { Argument } from './command-encoder.js';
import type { ConnectionEvent } from './connection-event.js';

/** TLS, in the words of `tls.connect`. */
export type TlsOptions = Pick<
  TlsConnectionOptions,
  | 'ca'
  | 'cert'
  | 'key'
  | 'passphrase'
  | 'servername'
  | 'rejectUnauthorized'
  | 'minVersion'
  | 'checkServerIdentity'
>;

/** Where a server is and how to be let in: what a URL can say. */
export interface ServerAddress {
  /** Name or IP address. Default '127.0.0.1'. */
  host?: string;
  /** TCP port. Default 6379. */
  port?: number;
  /** User name. Default: the server's user `default`, if there is a password. */
  username?: string;
  /** Password. Default: none. */
  password?: string;
  /** Number of the database. Default 0. */
  database?: number;
  /** TLS: true, or options. The server's certificate is checked unless `rejectUnauthorized` is false. Default false. */
  tls?: boolean | TlsOptions;
}

export interface ConnectionOptions extends ServerAddress {
  /** Name of the connection in the server's CLIENT LIST: printable ASCII without blanks. Default: none. */
  clientName?: string;
  /** Commands that every new connection begins with, before any call. If one is refused there is no connection. */
  setup?: readonly (readonly Argument[])[];
  /** How long a call waits for its answer, unless it says otherwise. Default 200. */
  deadlineMs?: number;
  /** How long an attempt to connect may take, with TLS and greeting, and how long `ready()` waits. Default 2,000. */
  connectDeadlineMs?: number;
  /**
   * A server that sends nothing for so long while a call waits counts as gone. A call with a longer deadline is
   * waited for, as long as it is the oldest. Default 1,000.
   */
  maxSilenceMs?: number;
  /** Most calls that wait for answers, timed-out ones included. Default 65,536. */
  maxPendingCalls?: number;
  /** Most bytes of commands that wait for answers; so also the largest command. Default 64 MiB. */
  maxPendingBytes?: number;
  /** Longest first wait before connecting again; a random part of it is waited. It doubles each time. Default 50. */
  firstRetryMs?: number;
  /** Longest of all waits before connecting again. Default 2,000. */
  maxRetryMs?: number;
  /** Longest wait after what trying again will hardly mend: a wrong password. At least half of it is waited. Default 30,000. */
  refusedRetryMs?: number;
  /** Bounds on what a server may send. Default: those of the protocol reader. */
  replyLimits?: ReplyLimits;
  /**
   * Takes a push: its kind, then what it says, texts decoded as UTF-8. Called when it is read, between the answers
   * before and behind it. It must not throw: if it does, the connection is begun anew. Default: pushes are ignored.
   */
  onPush?: (items: Reply<string>[]) => void;
  /** Told when the connection is ready, broken or closed, before any call notices. It must not throw. */
  onEvent?: (event: ConnectionEvent) => void;
  /** The clock and the timers. Default: those of the host. */
  time?: TimeSource;
  /** Randomness for waits. Default: seeded by the host. */
  random?: RandomSource;
}

type Optional = 'password' | 'clientName' | 'random';

/** With the defaults filled in; some have none. */
type CheckedOptions = Required<Omit<ConnectionOptions, Optional>> & {
  password: string | undefined;
  clientName: string | undefined;
  random: RandomSource | undefined;
};

export type ResolvedConnectionOptions = Readonly<
  Omit<CheckedOptions, 'tls' | 'random'> & {
    random: RandomSource;
    /** Host and port, for messages. */
    address: string;
    /** Ready for `tls.connect`; undefined = plain. */
    tls: TlsConnectionOptions | undefined;
  }
>;

const MIB = 1024 * 1024;
/** Longest time any option may name: timers of the platform end there. */
const MAX_TIME_MS = 2_147_483_647;
/** Deadlines shorter than the step of the wheel make no sense. */
const MIN_TIME_MS = 1;

export const connectionDefaults: Readonly<CheckedOptions> = Object.freeze({
  host: '127.0.0.1',
  port: 6379,
  username: 'default',
  password: undefined,
  database: 0,
  tls: false,
  clientName: undefined,
  setup: Object.freeze([]),
  deadlineMs: 200,
  connectDeadlineMs: 2_000,
  maxSilenceMs: 1_000,
  maxPendingCalls: 65_536,
  maxPendingBytes: 64 * MIB,
  firstRetryMs: 50,
  maxRetryMs: 2_000,
  refusedRetryMs: 30_000,
  replyLimits,
  onPush: () => {},
  onEvent: () => {},
  time: hostTime,
  random: undefined,
});

const ranges = {
  port: [1, 65_535],
  database: [0, 2 ** 31 - 1],
  deadlineMs: [MIN_TIME_MS, MAX_TIME_MS],
  connectDeadlineMs: [MIN_TIME_MS, MAX_TIME_MS],
  maxSilenceMs: [MIN_TIME_MS, MAX_TIME_MS],
  maxPendingCalls: [1, 2 ** 24],
  maxPendingBytes: [1024, 2 ** 30],
  firstRetryMs: [MIN_TIME_MS, MAX_TIME_MS],
  maxRetryMs: [MIN_TIME_MS, MAX_TIME_MS],
  refusedRetryMs: [MIN_TIME_MS, MAX_TIME_MS],
} as const satisfies Partial<Record<keyof ConnectionOptions, readonly [number, number]>>;

/** Fills in the defaults and checks every value. Throws a ClientOptionsError that names all problems. */
export function resolveConnectionOptions(options: ConnectionOptions = {}): ResolvedConnectionOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const all = { ...connectionDefaults, ...given } as CheckedOptions;
  const problems = [
    ...unknownNames(given),
    ...numberProblems(all),
    ...textProblems(all),
    ...setupProblems(all.setup),
  ];
  const tls = resolveTls(all, problems);
  if (problems.length > 0) throw new ClientOptionsError(problems);
  // No secret: only clients that lost the same server should not all come back at the same instant.
  const random = all.random ?? new Random(Math.floor(Math.random() * 2 ** 32));
  const address = isIP(all.host) === 6 ? `[${all.host}]:${all.port}` : `${all.host}:${all.port}`;
  return Object.freeze({ ...all, tls, random, address });
}

function unknownNames(given: Readonly<Record<string, unknown>>): string[] {
  const known = Object.keys(connectionDefaults);
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => `${name} is no option of a connection; the options are ${known.join(', ')}.`);
}

function numberProblems(options: CheckedOptions): string[] {
  const problems: string[] = [];
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges];
    if (Number.isInteger(value) && value >= min && value <= max) continue;
    problems.push(`${name} is ${String(value)}; give an integer from ${min} to ${max}.`);
  }
  if (options.maxRetryMs < options.firstRetryMs) {
    problems.push(
      `maxRetryMs is ${options.maxRetryMs}, less than firstRetryMs (${options.firstRetryMs}); raise it.`,
    );
  }
  return problems;
}

function textProblems(options: CheckedOptions): string[] {
  const problems: string[] = [];
  const { host, username, password, clientName } = options;
  if (typeof host !== 'string' || !/^[^\s/@]+$/.test(host))
    problems.push(`host is ${JSON.stringify(host)}; give a name or an IP address such as '10.0.0.1'.`);
  else if (host.includes(':') && isIP(host) === 0)
    problems.push(`host is '${host}'; give the name or the IP address alone, and the port as port.`);
  if (typeof username !== 'string') problems.push(`username is of type ${typeof username}; give a string.`);
  if (password !== undefined && typeof password !== 'string')
    problems.push(`password is of type ${typeof password}; give a string, or leave it out.`);
  if (username !== connectionDefaults.username && password === undefined)
    problems.push(`username is '${String(username)}' and there is no password; give both, or neither.`);
  if (clientName !== undefined && !/^[!-~]+$/.test(clientName))
    problems.push(`clientName is ${JSON.stringify(clientName)}; give printable ASCII without blanks.`);
  return problems;
}

function setupProblems(setup: unknown): string[] {
  const isList = Array.isArray(setup) && setup.every((args) => Array.isArray(args) && args.length > 0);
  return isList ? [] : ["setup is no list of commands; give one such as [['CLIENT', 'TRACKING', 'ON']]."];
}

function resolveTls({ tls, host }: CheckedOptions, problems: string[]): TlsConnectionOptions | undefined {
  if (tls === false) return undefined;
  if (tls !== true && (typeof tls !== 'object' || tls === null)) {
    problems.push(`tls is ${String(tls)}; give true, false or options of tls.connect.`);
    return undefined;
  }
  const given = tls === true ? {} : tls;
  // A name is asked for by SNI; an address cannot be.
  const servername = given.servername ?? (isIP(host) === 0 ? host : undefined);
  try {
    // Once for all connections; and what is wrong with a certificate or a key is known at once.
    const secureContext = createSecureContext(given);
    return { ...given, secureContext, ...(servername === undefined ? {} : { servername }) };
  } catch (error) {
    problems.push(`tls cannot be used (${(error as Error).message}); check ca, cert, key and passphrase.`);
    return undefined;
  }
}
