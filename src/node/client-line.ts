/** One client as CLIENT LIST and CLIENT INFO tell it: a line of `name=value`, in the order of Redis. */
import { totalClientBytes } from './limits.js';
import { Hold, Mode, type Session } from './session.js';

export type ClientType = 'normal' | 'replica' | 'pubsub' | 'master';

/** Monitors are normal clients here, as in Redis; only their output has a limit of its own (limits.ts). */
export function clientType(session: Session): ClientType {
  return session.subscriptions === undefined ? 'normal' : 'pubsub';
}

export function parseClientType(text: string): ClientType | undefined {
  const type = text.toLowerCase();
  if (type === 'slave') return 'replica';
  return type === 'normal' || type === 'replica' || type === 'pubsub' || type === 'master' ? type : undefined;
}

export function clientLine(session: Session): string {
  const { node, subscriptions, transaction, reader, out } = session;
  const pending = reader.pendingBytes;
  const unsentObjects = session.inFlightBytes > 0 ? 1 : 0;
  const fields: Readonly<Record<string, string | number>> = {
    id: session.id,
    addr: session.address,
    laddr: session.localAddress,
    fd: -1,
    name: session.name,
    age: seconds(node.tickMs - session.connectedAtMs),
    idle: seconds(node.tickMs - session.lastActiveMs),
    flags: flagsOf(session),
    db: session.db,
    sub: subscriptions?.channel.size ?? 0,
    psub: subscriptions?.pattern.size ?? 0,
    ssub: subscriptions?.shard.size ?? 0,
    multi: transaction?.requests.length ?? -1,
    qbuf: pending,
    'qbuf-free': reader.pendingCapacity - pending,
    'argv-mem': 0,
    'multi-mem': transaction?.bytes ?? 0,
    rbs: out.block.bytes.length,
    rbp: out.length,
    obl: out.length,
    oll: unsentObjects,
    omem: session.inFlightBytes,
    'tot-mem': totalClientBytes(session),
    events: session.socket.isPaused() ? '' : 'r',
    cmd: session.lastCommand?.name ?? 'NULL',
    user: 'default',
    redir: redirectOf(session),
    resp: session.protocol,
    'lib-name': session.libName,
    'lib-ver': session.libVersion,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function flagsOf(session: Session): string {
  const { modes, holds, tracking } = session;
  let flags = '';
  if ((modes & Mode.MONITOR) !== 0) flags += 'O';
  if (session.subscriptions !== undefined) flags += 'P';
  if (session.transaction !== undefined) flags += 'x';
  if ((holds & (Hold.BLOCKED | Hold.PAUSED)) !== 0) flags += 'b';
  if (tracking !== undefined) flags += 't';
  if (tracking?.brokenRedirect === true) flags += 'R';
  if (tracking?.broadcast === true) flags += 'B';
  if (session.watched?.broken === true) flags += 'd';
  if (session.closeAfterReply) flags += 'c';
  if (session.readOnly) flags += 'r';
  if (session.noEvict) flags += 'e';
  if ((modes & Mode.NO_TOUCH) !== 0) flags += 'T';
  return flags === '' ? 'N' : flags;
}

/** Where its invalidations go: -1 without tracking, 0 to itself. */
export function redirectOf(session: Session): number {
  return session.tracking === undefined ? -1 : session.tracking.redirect;
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}
