/**
 * From a request to its handler.
 *
 *   dispatch --(nothing special)--> resolve --> execute --> handler
 *      |
 *      +--(session or node in a special mode)--> mute? --> resolve --> admit --> queue | execute
 *                                                                       |
 *                                    password, MULTI, subscriptions, monitor, CLIENT PAUSE
 *
 * On a node of a cluster there is a gate between `resolve` and `execute`, and one behind it for the replies of writes (cluster/gate.ts).
 *
 * An ordinary request costs one test of `modes`, one probe for the name, the test of its arity and the call.
 *
 * Time is taken only of commands whose work can grow (`Trait.MEASURED`), or is large: two clock reads are as much
 * as a third of a GET. All are measured when the slow log's threshold is below a millisecond, or a monitor of
 * latency is set that low: then somebody looks at small numbers and pays for them. That a reply was large is known
 * only afterwards: its command is told the time since the event began, or since the last such reply in it.
 *
 * The order of checks and every text are those of Redis 7.0, `processCommand`.
 */
import type { Request } from '../resp/index.js';
import { type Command, SPEAKS_OF_WRITES, Trait } from './command.js';
import { Mode, muteReplies, ReplyMode, type Session } from './session.js';
import { discard } from './transaction.js';

/** A request or a reply from this size on takes time by itself. */
const LARGE_BYTES = 256 * 1024;
/** Bytes of a name or of all arguments that an error text repeats. */
const ECHOED_BYTES = 128;
const MINUS = 0x2d;

/** What makes the node as a whole take the long way. Bits of `CacheNode.modes`. */
export const NodeMode = {
  /** CLIENT PAUSE is in force. */
  PAUSED: 1,
  /** Somebody runs MONITOR. */
  MONITORED: 2,
  /** Every command's time is taken. */
  MEASURE_ALL: 4,
  /** It belongs to a cluster. None of `Mode` has this bit, so both are tested as one number. */
  CLUSTER: 65_536,
} as const;

/** Executes one request, or says why not, or puts it aside in `session.postponed`. */
export function dispatch(session: Session, request: Request): void {
  const modes = session.modes | session.node.modes;
  if (modes !== 0) {
    if (modes === NodeMode.CLUSTER) dispatchInCluster(session, request);
    else dispatchWithCare(session, request);
    return;
  }
  const command = resolve(session, request);
  if (command !== undefined) execute(session, command, request);
}

/** The short way of a node in a cluster. */
function dispatchInCluster(session: Session, request: Request): void {
  const command = resolve(session, request);
  if (command === undefined) return;
  if (passesGate(session, command, request)) executeInCluster(session, command, request);
}

/** Whether the command is served here; else the reply is written. */
function passesGate(session: Session, command: Command, request: Request): boolean {
  const { gate } = session.node;
  if (gate === undefined) return true;
  const elsewhere = gate.redirection(session, command, request);
  const refusal = elsewhere === '' ? gate.writeRefusal(session, command, request) : '';
  if (elsewhere === '' && refusal === '') return true;
  if ((command.flags & Trait.ADDS) !== 0) gate.endLoad(session, request);
  if (elsewhere !== '') redirect(session, command, elsewhere);
  else reject(session, command, refusal);
  return false;
}

/** `execute`, and what a reply that speaks of a write may have to wait for. */
function executeInCluster(session: Session, command: Command, request: Request): void {
  const { gate, outbox, shardStore } = session.node;
  if (gate === undefined || (command.flags & SPEAKS_OF_WRITES) === 0) {
    execute(session, command, request);
    return;
  }
  // A push within what the reply takes would be lost with it. EXEC puts them aside by itself.
  const defers =
    session.leases !== undefined && session.deferred === undefined && (command.flags & Trait.EXECUTES) === 0;
  const from = session.out.length;
  if (defers) outbox.defer(session);
  // What EXEC executes belongs to it.
  const isWhole = !session.inExec;
  if (isWhole) shardStore?.beginWhole();
  execute(session, command, request);
  if (isWhole) shardStore?.endWhole();
  gate.executed(session, command, request, from);
  if (defers) outbox.undefer(session);
}

/** Executes one command and counts it. Also used by EXEC. */
export function execute(session: Session, command: Command, request: Request): void {
  session.lastCommand = command;
  command.calls++;
  const before = session.out.length;
  if (
    (command.flags & Trait.MEASURED) !== 0 ||
    bytesOf(request) > LARGE_BYTES ||
    (session.node.modes & NodeMode.MEASURE_ALL) !== 0
  ) {
    measure(session, command, request);
  } else {
    command.handler(session, request);
    if (session.out.length - before > LARGE_BYTES) measureSinceMark(session, command, request);
  }
  const out = session.out;
  if (out.length > before && out.block.bytes[before] === MINUS) {
    command.failed++;
    session.node.stats.countErrorReply(out.block, before);
  }
}

/** All its arguments, which stand in a row. */
function bytesOf({ starts, lengths, count }: Request): number {
  return starts[count - 1] + lengths[count - 1] - starts[0];
}

function measure(session: Session, command: Command, request: Request): void {
  const node = session.node;
  const startMs = node.clock.monotonicMs();
  command.handler(session, request);
  took(session, command, request, node.clock.monotonicMs() - startMs);
}

function measureSinceMark(session: Session, command: Command, request: Request): void {
  const { node } = session;
  const nowMs = node.clock.wallMs();
  const elapsedMs = nowMs - node.markMs;
  node.markMs = nowMs;
  took(session, command, request, elapsedMs);
}

function took(session: Session, command: Command, request: Request, elapsedMs: number): void {
  const { node } = session;
  node.gate?.tookLong();
  const elapsedUs = Math.max(0, Math.round(elapsedMs * 1000));
  command.took(elapsedUs);
  if ((command.flags & Trait.SKIP_SLOWLOG) === 0) node.slowlog.add(session, command, request, elapsedUs);
  node.latency.add('command', elapsedUs / 1000);
}

/** The command a request names, its arity checked; or undefined, and the error is written. */
function resolve(session: Session, request: Request): Command | undefined {
  const { block, starts, lengths, count } = request;
  let command = session.node.commands.index.find(block, starts[0], lengths[0]);
  if (command === undefined) {
    if (isBrowser(request)) turnAway(session);
    else reject(session, undefined, unknownCommand(request));
    return undefined;
  }
  if (command.subcommands !== undefined && count > 1) {
    const parent = command;
    command = parent.subcommands?.find(block, starts[1], lengths[1]);
    if (command === undefined) {
      reject(session, parent, unknownSubcommand(parent, request));
      return undefined;
    }
  }
  const arity = command.arity;
  if (arity > 0 ? count !== arity : count < -arity) {
    reject(session, command, `ERR wrong number of arguments for '${command.name}' command`);
    return undefined;
  }
  return command;
}

function dispatchWithCare(session: Session, request: Request): void {
  if ((session.modes & Mode.MUTED) === 0) {
    dispatchHeard(session, request);
    return;
  }
  const { outbox } = session.node;
  const skips = session.replyMode === ReplyMode.SKIP;
  if (skips) {
    // It is this request whose reply is skipped. Should it be CLIENT REPLY SKIP again, that sets the mode anew.
    session.replyMode = ReplyMode.ON;
    session.modes &= ~Mode.MUTED;
  }
  outbox.mute(session);
  dispatchHeard(session, request);
  outbox.unmute(session);
  // It comes again after the pause, and is then to be skipped.
  if (skips && session.postponed !== undefined) muteReplies(session, ReplyMode.SKIP);
}

function dispatchHeard(session: Session, request: Request): void {
  const command = resolve(session, request);
  if (command !== undefined) admit(session, command, request);
  // CLIENT CACHING is for one request, refused or not, or for one transaction.
  const { tracking } = session;
  if (tracking === undefined || session.transaction !== undefined || session.postponed !== undefined) return;
  if (command === undefined || (command.flags & Trait.KEEPS_CACHING) === 0) tracking.caching = false;
}

/** Executes the command, or queues it, puts it aside, or refuses it. */
function admit(session: Session, command: Command, request: Request): void {
  const refusal = refusalOf(session, command);
  if (refusal !== '') {
    reject(session, command, refusal);
    return;
  }
  if (!passesGate(session, command, request)) return;
  const refusalAsIs = refusalInMode(session, command);
  if (refusalAsIs !== '') {
    reject(session, command, refusalAsIs);
    return;
  }
  const { node } = session;
  if ((node.modes & NodeMode.PAUSED) !== 0 && node.pauses.catches(session, command)) {
    node.pauses.postpone(session, request);
    return;
  }
  if (session.transaction !== undefined && (command.flags & Trait.NEVER_QUEUED) === 0) {
    session.lastCommand = command;
    session.transaction.queue(session, command, request);
  } else {
    executeWithCare(session, command, request);
    node.tracking.afterCommand();
  }
}

/** `execute`, and what follows for clients that track and for those that monitor. */
export function executeWithCare(session: Session, command: Command, request: Request): void {
  const { node } = session;
  executeInCluster(session, command, request);
  if ((session.modes & Mode.TRACKING) !== 0 && (command.flags & Trait.READS_KEYS) !== 0) {
    node.tracking.remember(session, command, request);
  }
  if ((node.modes & NodeMode.MONITORED) !== 0) node.monitors.show(session, command, request);
}

/** Why this session may not execute this command at all; '' = it may. */
function refusalOf(session: Session, command: Command): string {
  const { modes } = session;
  const { flags } = command;
  if ((modes & Mode.UNAUTHENTICATED) !== 0 && (flags & Trait.NO_AUTH) === 0)
    return 'NOAUTH Authentication required.';
  if (session.transaction !== undefined && (flags & Trait.NO_MULTI) !== 0) {
    return 'ERR Command not allowed inside a transaction';
  }
  return '';
}

/** Why it may not while it is subscribed, or monitors. */
function refusalInMode(session: Session, command: Command): string {
  const { modes } = session;
  const { flags } = command;
  if ((modes & Mode.SUBSCRIBED) !== 0 && (flags & Trait.WHILE_SUBSCRIBED) === 0) {
    return `ERR Can't execute '${command.name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`;
  }
  if ((modes & Mode.MONITOR) !== 0 && (flags & (Trait.READONLY | Trait.WRITE | Trait.PUBLISHES)) !== 0) {
    return "ERR Replica can't interact with the keyspace";
  }
  return '';
}

/** Answers a request that is not executed. Inside MULTI the transaction is lost with it. */
function reject(session: Session, command: Command | undefined, text: string): void {
  if (session.transaction !== undefined) session.transaction.broken = true;
  if (command !== undefined) command.rejected++;
  const out = session.out;
  const before = out.length;
  if (command?.name === 'exec') {
    out.error(`EXECABORT Transaction discarded because of: ${text.replace(/^ERR /, '')}`);
    discard(session);
  } else {
    out.error(text);
  }
  session.node.stats.countErrorReply(out.block, before);
}

/** Answers a request that is not for this node. Unlike a refusal it stands alone, also as the reply of EXEC. */
function redirect(session: Session, command: Command, text: string): void {
  if (session.transaction !== undefined) session.transaction.broken = true;
  command.rejected++;
  const out = session.out;
  const before = out.length;
  out.error(text);
  if ((command.flags & Trait.EXECUTES) !== 0) discard(session);
  session.node.stats.countErrorReply(out.block, before);
}

/**
 * The first words of a web browser's request, sent here by a page that wants to reach a server of its visitor. What
 * follows may be commands.
 */
function isBrowser(request: Request): boolean {
  return request.is(0, 'POST') || request.is(0, 'HOST:');
}

function turnAway(session: Session): void {
  const { log, sessions } = session.node;
  log.warn('closed a client that speaks HTTP, perhaps in order to reach this port through a browser', {
    address: session.address,
  });
  sessions.close(session);
}

function unknownCommand(request: Request): string {
  let args = '';
  for (let i = 1; i < request.count && args.length < ECHOED_BYTES; i++) {
    args += `'${untilNul(request.text(i)).slice(0, ECHOED_BYTES - args.length)}' `;
  }
  const name = untilNul(request.text(0)).slice(0, ECHOED_BYTES);
  return `ERR unknown command '${name}', with args beginning with: ${args}`;
}

function unknownSubcommand(parent: Command, request: Request): string {
  const name = untilNul(request.text(1)).slice(0, ECHOED_BYTES);
  return `ERR unknown subcommand '${name}'. Try ${parent.name.toUpperCase()} HELP.`;
}

/** Redis prints names as C strings. */
function untilNul(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}
