/** CLIENT: the connection asking about itself, and about the others. */
import type { Request, SubcommandName } from '../../resp/index.js';
import { clientLine, clientType, parseClientType } from '../client-line.js';
import { type Handler, Mode, muteReplies, ReplyMode, type Session } from '../session.js';
import { killClients } from './client-kill.js';
import { hearReplies, isPrintable, setName } from './connection.js';
import { subcommandSyntax } from './errors.js';

const SYNTAX = 'ERR syntax error';
const NOT_INTEGER = 'ERR value is not an integer or out of range';
/** Longest library name or version that is kept: they stand in every line of CLIENT LIST. */
const MAX_INFO_BYTES = 256;
/** The last millisecond that Redis can name. */
const MAX_TIME_MS = 2 ** 63;

export const clientHandlers = {
  'client|id': (session) => session.out.integer(session.id),

  'client|info': (session) => session.out.verbatim('txt', `${clientLine(session)}\n`),

  'client|list': listClients,

  'client|kill': killClients,

  'client|getname'(session) {
    if (session.name === '') session.out.nil();
    else session.out.bulkText(session.name);
  },

  'client|setname'(session, request) {
    if (setName(session, request.text(2))) session.out.ok();
  },

  'client|setinfo': setInfo,

  'client|reply'(session, request) {
    if (request.is(2, 'ON')) {
      hearReplies(session);
      session.out.ok();
    } else if (request.is(2, 'OFF')) {
      muteReplies(session, ReplyMode.OFF);
    } else if (request.is(2, 'SKIP')) {
      if (session.replyMode !== ReplyMode.OFF) muteReplies(session, ReplyMode.SKIP);
    } else {
      session.out.error(SYNTAX);
    }
  },

  'client|no-evict'(session, request) {
    const value = onOrOff(session, request);
    if (value === undefined) return;
    session.noEvict = value;
    session.out.ok();
  },

  'client|no-touch'(session, request) {
    const value = onOrOff(session, request);
    if (value === undefined) return;
    session.modes = value ? session.modes | Mode.NO_TOUCH : session.modes & ~Mode.NO_TOUCH;
    session.out.ok();
  },

  'client|pause': pause,

  'client|unpause'(session) {
    session.node.pauses.unpause();
    session.out.ok();
  },

  'client|unblock': unblock,
} satisfies Partial<Record<SubcommandName<'client'>, Handler>>;

function onOrOff(session: Session, request: Request): boolean | undefined {
  if (request.is(2, 'ON')) return true;
  if (request.is(2, 'OFF')) return false;
  session.out.error(SYNTAX);
  return undefined;
}

/** CLIENT SETINFO LIB-NAME name | LIB-VER version. */
function setInfo(session: Session, request: Request): void {
  const isName = request.is(2, 'LIB-NAME');
  if (!isName && !request.is(2, 'LIB-VER')) {
    session.out.error(`ERR Unrecognized option '${request.text(2)}'`);
    return;
  }
  const value = request.text(3);
  if (!isPrintable(value) || value.length > MAX_INFO_BYTES) {
    const what = isName ? 'lib-name' : 'lib-ver';
    session.out.error(`ERR ${what} cannot contain spaces, newlines or special characters.`);
    return;
  }
  if (isName) session.libName = value;
  else session.libVersion = value;
  session.out.ok();
}

/** CLIENT LIST [TYPE type | ID id ...]. */
function listClients(session: Session, request: Request): void {
  const { sessions } = session.node;
  let chosen: Iterable<Session>;
  if (request.count === 2) {
    chosen = sessions.all();
  } else if (request.count === 4 && request.is(2, 'TYPE')) {
    const type = parseClientType(request.text(3));
    if (type === undefined) {
      session.out.error(`ERR Unknown client type '${request.text(3)}'`);
      return;
    }
    chosen = [...sessions.all()].filter((one) => clientType(one) === type);
  } else if (request.count > 3 && request.is(2, 'ID')) {
    const found = findByIds(session, request);
    if (found === undefined) return;
    chosen = found;
  } else {
    session.out.error(SYNTAX);
    return;
  }
  let text = '';
  for (const one of chosen) text += `${clientLine(one)}\n`;
  session.out.verbatim('txt', text);
}

function findByIds(session: Session, request: Request): Session[] | undefined {
  const found: Session[] = [];
  for (let i = 3; i < request.count; i++) {
    const id = request.bigInteger(i);
    if (id === undefined) {
      session.out.error('ERR Invalid client ID');
      return undefined;
    }
    const one = session.node.sessions.find(Number(id));
    if (one !== undefined) found.push(one);
  }
  return found;
}

/** CLIENT PAUSE milliseconds [WRITE | ALL]. */
function pause(session: Session, request: Request): void {
  const { out, node } = session;
  if (request.count > 4) {
    out.error(subcommandSyntax(request));
    return;
  }
  const isWrite = request.count === 4 && request.is(3, 'WRITE');
  if (request.count === 4 && !isWrite && !request.is(3, 'ALL')) {
    out.error('ERR CLIENT PAUSE mode must be WRITE or ALL');
    return;
  }
  const timeoutMs = timeoutArgument(session, request, 2);
  if (timeoutMs === undefined) return;
  // A time beyond what 64 bits hold has wrapped around to the past in Redis, which says OK and pauses nobody.
  if (node.clock.wallMs() + timeoutMs < MAX_TIME_MS) node.pauses.pause(timeoutMs, !isWrite);
  out.ok();
}

/** A timeout in ms as Redis reads it; what is beyond all reason is just very long. */
export function timeoutArgument(session: Session, request: Request, i: number): number | undefined {
  const timeout = request.bigInteger(i);
  if (timeout === undefined) {
    session.out.error('ERR timeout is not an integer or out of range');
    return undefined;
  }
  if (timeout < 0n) {
    session.out.error('ERR timeout is negative');
    return undefined;
  }
  return Number(timeout);
}

/** CLIENT UNBLOCK id [TIMEOUT | ERROR]. */
function unblock(session: Session, request: Request): void {
  const { out, node } = session;
  if (request.count > 4) {
    out.error(subcommandSyntax(request));
    return;
  }
  const isError = request.count === 4 && request.is(3, 'ERROR');
  if (request.count === 4 && !isError && !request.is(3, 'TIMEOUT')) {
    out.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
    return;
  }
  const id = request.bigInteger(2);
  if (id === undefined) {
    out.error(NOT_INTEGER);
    return;
  }
  const target = node.sessions.find(Number(id));
  out.integer(target !== undefined && node.waits.unblock(target, isError) ? 1 : 0);
}
