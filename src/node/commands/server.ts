/** The server as a whole: time, waiting, monitoring, shutting down; and what it has only in name. */
import {
  type CommandName,
  type CommandSpec,
  categoriesOf,
  categoryNames,
  commandTable,
  type Request,
  type SubcommandName,
} from '../../resp/index.js';
import { type Handler, Mode, type Session } from '../session.js';
import { subcommandSyntax } from './errors.js';
import { writeInfo } from './info.js';

const SYNTAX = 'ERR syntax error';

export const serverHandlers = {
  info: writeInfo,

  time(session) {
    const { out, node } = session;
    const wallMs = node.clock.wallMs();
    const seconds = Math.floor(wallMs / 1000);
    out.array(2);
    out.bulkText(String(seconds));
    out.bulkText(String(Math.floor((wallMs - seconds * 1000) * 1000)));
  },

  monitor(session) {
    if (session.inExec) {
      session.out.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
      return;
    }
    // As in Redis: who monitors already is not answered.
    if ((session.modes & Mode.MONITOR) !== 0) return;
    session.node.monitors.add(session);
    session.out.ok();
  },

  shutdown,
} satisfies Partial<Record<CommandName, Handler>>;

export const aclHandlers = {
  'acl|whoami': (session) => session.out.bulkText('default'),

  'acl|cat'(session, request) {
    const { out } = session;
    if (request.count > 3) {
      out.error(subcommandSyntax(request));
      return;
    }
    const names = request.count === 2 ? categoryNames : commandsOf(request.text(2).toLowerCase());
    if (names === undefined) {
      out.error(`ERR Unknown category '${request.text(2)}'`);
      return;
    }
    out.array(names.length);
    for (const name of names) out.bulkText(name);
  },
} satisfies Partial<Record<SubcommandName<'acl'>, Handler>>;

/** There are no functions. Frameworks flush them when they clear a server, and that works. */
export const functionHandlers = {
  'function|flush'(session, request) {
    const isKnown = request.count === 2 || request.is(2, 'SYNC') || request.is(2, 'ASYNC');
    if (request.count > 3) session.out.error(subcommandSyntax(request));
    else if (isKnown) session.out.ok();
    else session.out.error('ERR FUNCTION FLUSH only supports SYNC|ASYNC option');
  },

  'function|list': (session) => session.out.array(0),

  'function|stats'(session) {
    const { out } = session;
    out.map(2);
    out.bulkText('running_script');
    out.nil();
    out.bulkText('engines');
    out.map(0);
  },
} satisfies Partial<Record<SubcommandName<'function'>, Handler>>;

function commandsOf(category: string): string[] | undefined {
  if (!(categoryNames as readonly string[]).includes(category)) return undefined;
  const specs: readonly CommandSpec[] = commandTable;
  return specs
    .flatMap((spec) => [spec, ...(spec.subcommands ?? [])])
    .filter((spec) => (categoriesOf(spec) as readonly string[]).includes(category))
    .map((spec) => spec.name);
}

/** SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]. Nothing is saved, so most options change nothing. */
function shutdown(session: Session, request: Request): void {
  const { out, node } = session;
  let saves = false;
  let savesNot = false;
  let aborts = false;
  for (let i = 1; i < request.count; i++) {
    if (request.is(i, 'SAVE')) saves = true;
    else if (request.is(i, 'NOSAVE')) savesNot = true;
    else if (request.is(i, 'ABORT')) aborts = true;
    else if (!request.is(i, 'NOW') && !request.is(i, 'FORCE')) {
      out.error(SYNTAX);
      return;
    }
  }
  if ((saves && savesNot) || (aborts && request.count > 2)) {
    out.error(SYNTAX);
  } else if (aborts) {
    out.error('ERR No shutdown in progress.');
  } else if (saves) {
    out.error('ERR Errors trying to SHUTDOWN: a cache keeps nothing on disk. Use SHUTDOWN NOSAVE.');
  } else {
    // Redis says nothing either: the connection just closes.
    node.sessions.closeAfterReply(session);
    node.requestShutdown();
  }
}
