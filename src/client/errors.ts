/**
 * The errors of the client, in one table: what they are called, and whether trying again may help.
 *
 *   code             the same call may be made again and may then succeed: `retryable`
 *   mayHaveRun       the server may have executed the command before the error: who retries must not mind
 *   cause            what it comes from, if anything: a system error, another ClientError
 *
 * Retryable says nothing about when: a caller that retries waits in between, and gives up at some point.
 */

interface ErrorKind {
  readonly retryable: boolean;
  readonly meaning: string;
}

export const clientErrors = Object.freeze({
  OPTIONS: { retryable: false, meaning: 'Options of the client are wrong; `problems` lists all of them.' },
  ARGUMENT: { retryable: false, meaning: 'A command was called with something that cannot be sent.' },
  DEADLINE: { retryable: true, meaning: 'The server did not answer within the deadline of the call.' },
  OVERLOADED: { retryable: true, meaning: 'Too many calls, or too many bytes of them, wait for an answer.' },
  NOT_CONNECTED: { retryable: true, meaning: 'There is no connection at the moment; `cause` says why.' },
  CONNECT_FAILED: { retryable: true, meaning: 'An attempt to connect failed; it is repeated.' },
  CONNECTION_LOST: { retryable: true, meaning: 'The connection broke before the answer came.' },
  UNRESPONSIVE: { retryable: true, meaning: 'The server was silent for too long and counts as gone.' },
  PROTOCOL: { retryable: true, meaning: 'What came from the server is not the protocol.' },
  NODE_DOWN: {
    retryable: true,
    meaning: 'The node did not answer of late, so for a moment it is not asked.',
  },
  TOO_LARGE: { retryable: false, meaning: 'A key or a value is larger than the cache takes.' },
  CLOSED: { retryable: false, meaning: 'The connection was closed by its owner.' },
  AUTHENTICATION: { retryable: false, meaning: 'The server does not accept the user name and password.' },
  UNSUPPORTED_SERVER: {
    retryable: false,
    meaning:
      'The server does not speak RESP3, is too old, a Sentinel or of a Redis Cluster; or some of a list are nodes of a cluster and some are not.',
  },
  TLS_REFUSED: {
    retryable: false,
    meaning:
      "The server's certificate does not pass the check, or this client's does not pass that of the server.",
  },
  SETUP_REFUSED: { retryable: false, meaning: 'The server refuses what every connection begins with.' },
  REPLY: { retryable: false, meaning: 'The server answered with an error; `reply` is its text.' },
  VALUE: { retryable: false, meaning: 'A value cannot be written by the serializer.' },
  LOAD_FAILED: {
    retryable: true,
    meaning: 'Another process has just failed to load the key; this is its error.',
  },
  LOAD_TIMEOUT: { retryable: true, meaning: 'The loader did not end within `hardTimeout`.' },
  LOAD_SHED: {
    retryable: true,
    meaning: 'So many loads run and wait already that this one was turned away.',
  },
  INVALIDATION_PENDING: {
    retryable: true,
    meaning:
      'No node has acknowledged the invalidation yet. It is repeated; this process reads around the cache meanwhile.',
  },
} satisfies Record<string, ErrorKind>);

export type ClientErrorCode = keyof typeof clientErrors;

export interface ClientErrorDetails {
  readonly cause?: unknown;
  readonly mayHaveRun?: boolean;
  /** Where the table says one thing and this case is another. */
  readonly retryable?: boolean;
}

export class ClientError extends Error {
  override readonly name: string = 'ClientError';
  readonly code: ClientErrorCode;
  readonly retryable: boolean;
  /** False when the command surely was not executed, also not in part. */
  readonly mayHaveRun: boolean;

  constructor(code: ClientErrorCode, message: string, details: ClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable ?? clientErrors[code].retryable;
    this.mayHaveRun = details.mayHaveRun ?? false;
  }
}

/** The options given are wrong; `problems` has one sentence for each. */
export class ClientOptionsError extends ClientError {
  override readonly name = 'ClientOptionsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('OPTIONS', `The client cannot connect with these options: ${problems.join(' ')}`);
    this.problems = problems;
  }
}

/** A load was turned away, so that what it loads from survives: its group is at its bound. */
export class LoadShed extends ClientError {
  override readonly name = 'LoadShed';
  readonly group: string;

  constructor(group: string, why: string) {
    super(
      'LOAD_SHED',
      `the load was turned away: ${why} in the loader group '${group}'; raise its bounds or try later`,
    );
    this.group = group;
  }
}

/** The cache may still hold the old value of a key: no node has acknowledged its invalidation. */
export class InvalidationPending extends ClientError {
  override readonly name = 'InvalidationPending';
  readonly key: string;

  constructor(key: string, afterMs: number, cause: unknown) {
    super(
      'INVALIDATION_PENDING',
      `no node has acknowledged the invalidation of '${key}' within ${afterMs} ms; it is repeated until one does`,
      { cause, mayHaveRun: true },
    );
    this.key = key;
  }
}

/** The server answered a command with an error. */
export class ReplyFailure extends ClientError {
  override readonly name = 'ReplyFailure';
  /** All of it: "WRONGTYPE Operation against ...". */
  readonly reply: string;
  /** Its first word: "WRONGTYPE", "MOVED", "ERR". */
  readonly replyCode: string;

  constructor(command: string, reply: string, replyCode: string) {
    super('REPLY', `${command} was answered with: ${reply}`, {
      retryable: passingReplies.has(replyCode),
      mayHaveRun: !passingReplies.has(replyCode) && !refusingReplies.has(replyCode),
    });
    this.reply = reply;
    this.replyCode = replyCode;
  }
}

/** Error replies that speak of the server's state and not of the command: it was not executed, and later it may be. */
const passingReplies: ReadonlySet<string> = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
]);

/** Error replies of a server that will not execute this command, now or later, and did not. */
const refusingReplies: ReadonlySet<string> = new Set([
  'ASK',
  'CROSSSLOT',
  'CUTOFF',
  'MOVED',
  'NOAUTH',
  'NOPERM',
  'NOSCRIPT',
]);
