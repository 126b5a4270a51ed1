/** The connection itself: who it is, which protocol it speaks, which database it sees, and its end. */
import type { CommandName, Request } from '../../resp/index.js';
import { type Handler, Mode, ReplyMode, type Session } from '../session.js';
import { discard } from '../transaction.js';
import { COMPATIBLE_VERSION } from '../version.js';
import { int32Argument, isDatabase } from './arguments.js';
import { errors } from './errors.js';

const DEFAULT_USER = 'default';
const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';
/** A client's name; it stays with the connection and stands in every CLIENT LIST. Redis has no bound. */
const MAX_NAME_BYTES = 1024;
const BAD_NAME = 'ERR Client names cannot contain spaces, newlines or special characters.';
const MUST_AUTHENTICATE =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time';

export const connectionHandlers = {
  ping(session, request) {
    const { out } = session;
    if (request.count > 2) {
      out.error("ERR wrong number of arguments for 'ping' command");
    } else if (session.protocol === 2 && session.subscriptions !== undefined) {
      out.array(2);
      out.bulkText('pong');
      if (request.count === 2) out.bulk(request.block, request.starts[1], request.lengths[1]);
      else out.bulkText('');
    } else if (request.count === 2) {
      out.bulk(request.block, request.starts[1], request.lengths[1]);
    } else {
      out.pong();
    }
  },

  echo(session, request) {
    session.out.bulk(request.block, request.starts[1], request.lengths[1]);
  },

  select(session, request) {
    const db = int32Argument(session, request, 1);
    if (db === undefined) return;
    if (db !== 0 && session.node.gate !== undefined) {
      session.out.error('ERR SELECT is not allowed in cluster mode');
    } else if (isDatabase(db)) {
      session.db = db;
      session.out.ok();
    } else {
      session.out.error(errors.databaseRange);
    }
  },

  auth(session, request) {
    const { out, node } = session;
    if (request.count > 3) {
      out.error('ERR syntax error');
      return;
    }
    if (request.count === 2 && node.config.password === undefined) {
      out.error(
        'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
      );
      return;
    }
    const user = request.count === 3 ? request.text(1) : DEFAULT_USER;
    if (authenticate(session, user, request.text(request.count - 1))) out.ok();
    else out.error(WRONG_PASSWORD);
  },

  hello,

  /** Like a connection just made. */
  reset(session) {
    const { node } = session;
    if (session.transaction !== undefined || session.watched !== undefined) discard(session);
    node.monitors.remove(session);
    node.tracking.forget(session);
    node.leases.forget(session);
    node.pubsub.forget(session);
    node.gate?.forget(session);
    setProtocol(session, 2);
    session.db = 0;
    session.name = '';
    session.readOnly = false;
    session.noEvict = false;
    session.modes &= ~Mode.NO_TOUCH;
    // Its own reply stays skipped after CLIENT REPLY SKIP, as in Redis.
    if (session.replyMode === ReplyMode.OFF) hearReplies(session);
    if (node.config.password === undefined) node.sessions.authenticated(session);
    else node.sessions.unauthenticated(session);
    session.out.simple('RESET');
  },

  quit(session) {
    session.out.ok();
    session.node.sessions.closeAfterReply(session);
  },

  // A lone node, or a primary, has nothing to redirect, and clients that ask for it are content.
  readonly(session) {
    session.readOnly = true;
    session.out.ok();
  },

  readwrite(session) {
    session.readOnly = false;
    session.out.ok();
  },

  asking(session) {
    session.out.ok();
  },
} satisfies Partial<Record<CommandName, Handler>>;

/** Replies are heard again: CLIENT REPLY ON, RESET. */
export function hearReplies(session: Session): void {
  session.replyMode = ReplyMode.ON;
  session.modes &= ~Mode.MUTED;
  session.node.outbox.unmute(session);
}

/** Sets the name of a connection, or writes why it cannot be. */
export function setName(session: Session, name: string): boolean {
  if (name.length > MAX_NAME_BYTES) {
    session.out.error(`ERR Client names have ${MAX_NAME_BYTES} bytes at most`);
    return false;
  }
  if (!isPrintable(name)) {
    session.out.error(BAD_NAME);
    return false;
  }
  session.name = name;
  return true;
}

/** No spaces and no control characters: names stand in lines of CLIENT LIST. */
export function isPrintable(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}

/** HELLO [version [AUTH user password] [SETNAME name]]. As in Redis each option takes effect when it is read. */
function hello(session: Session, request: Request): void {
  const { out } = session;
  let protocol: 2 | 3 = session.protocol;
  if (request.count > 1) {
    const wanted = request.integer(1);
    if (wanted === undefined && request.bigInteger(1) === undefined) {
      out.error('ERR Protocol version is not an integer or out of range');
      return;
    }
    if (wanted !== 2 && wanted !== 3) {
      out.error('NOPROTO unsupported protocol version');
      return;
    }
    protocol = wanted;
  }
  if (!applyHelloOptions(session, request)) return;
  if ((session.modes & Mode.UNAUTHENTICATED) !== 0) {
    out.error(MUST_AUTHENTICATE);
    return;
  }
  if (request.count > 1) setProtocol(session, protocol);
  writeGreeting(session);
}

/** False: the error is written. */
function applyHelloOptions(session: Session, request: Request): boolean {
  for (let i = 2; i < request.count; i++) {
    const left = request.count - 1 - i;
    if (request.is(i, 'AUTH') && left >= 2) {
      if (!authenticate(session, request.text(i + 1), request.text(i + 2))) {
        session.out.error(WRONG_PASSWORD);
        return false;
      }
      i += 2;
    } else if (request.is(i, 'SETNAME') && left >= 1) {
      if (!setName(session, request.text(i + 1))) return false;
      i += 1;
    } else {
      session.out.error(`ERR Syntax error in HELLO option '${request.text(i)}'`);
      return false;
    }
  }
  return true;
}

/** There is one user. Without a password any is right for it, as in Redis. */
function authenticate(session: Session, user: string, password: string): boolean {
  const { node } = session;
  if (user !== DEFAULT_USER) return false;
  if (node.config.password !== undefined && !node.config.password.matches(password)) return false;
  node.sessions.authenticated(session);
  return true;
}

function setProtocol(session: Session, protocol: 2 | 3): void {
  session.protocol = protocol;
  session.out.protocol = protocol;
  if (session.unmuted !== undefined) session.unmuted.protocol = protocol;
  if (session.deferred !== undefined) session.deferred.protocol = protocol;
  session.node.pubsub.protocolChanged(session);
}

function writeGreeting(session: Session): void {
  const { out } = session;
  const { gate } = session.node;
  out.map(7);
  out.bulkText('server');
  out.bulkText('redis');
  out.bulkText('version');
  out.bulkText(COMPATIBLE_VERSION);
  out.bulkText('proto');
  out.integer(session.protocol);
  out.bulkText('id');
  out.integer(session.id);
  out.bulkText('mode');
  out.bulkText(gate === undefined ? 'standalone' : 'cluster');
  out.bulkText('role');
  out.bulkText(gate?.isReplica === true ? 'replica' : 'master');
  out.bulkText('modules');
  out.array(0);
}
