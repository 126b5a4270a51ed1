/**
 * MONITOR: every command that is executed, shown to those who asked, with the database that is selected once it
 * is done. Secret arguments are shown as "(redacted)"; administrative commands are not shown at all. Lines are
 * no pushes: a monitor that has muted its replies gets none.
 */
import { writeByteString } from '../base/index.js';
import type { ReplyWriter, Request } from '../resp/index.js';
import type { CacheNode } from './cache-node.js';
import { type Command, Trait } from './command.js';
import { NodeMode } from './dispatch.js';
import { quotedLength, writeQuoted } from './quoting.js';
import { REDACTED, secretArguments } from './secrets.js';
import { Mode, ReplyMode, type Session } from './session.js';

const LINE_END = '\r\n';

export class Monitors {
  readonly #node: CacheNode;
  readonly #sessions = new Set<Session>();

  constructor(node: CacheNode) {
    this.#node = node;
  }

  add(session: Session): void {
    session.modes |= Mode.MONITOR;
    this.#sessions.add(session);
    this.#node.modes |= NodeMode.MONITORED;
  }

  remove(session: Session): void {
    if (!this.#sessions.delete(session)) return;
    session.modes &= ~Mode.MONITOR;
    if (this.#sessions.size === 0) this.#node.modes &= ~NodeMode.MONITORED;
  }

  /** Tells what `session` has executed. */
  show(session: Session, command: Command, request: Request): void {
    if ((command.flags & Trait.SKIP_MONITOR) !== 0 || command.spec.flags.includes('admin')) return;
    const { limits, outbox } = this.#node;
    const head = `+${this.#time()} [${session.db} ${session.address}]`;
    const secret = secretArguments(command, request);
    let length = head.length + LINE_END.length;
    for (let i = 0; i < request.count; i++) length += shownLength(request, i, secret);
    for (const monitor of this.#sessions) {
      if (isMuted(monitor, session)) continue;
      if (limits.admitsPush(monitor, length)) writeLine(outbox.push(monitor), length, head, request, secret);
    }
  }

  #time(): string {
    const wallMs = this.#node.clock.wallMs();
    const seconds = Math.floor(wallMs / 1000);
    return `${seconds}.${String(Math.floor((wallMs - seconds * 1000) * 1000)).padStart(6, '0')}`;
  }
}

/** Whether a monitor drops replies while a command of `session` is shown. */
function isMuted(monitor: Session, session: Session): boolean {
  if (monitor.unmuted !== undefined) return true;
  // Its own CLIENT REPLY SKIP, just executed, is about what comes next.
  const isAnnouncing = monitor === session && monitor.replyMode === ReplyMode.SKIP;
  return (monitor.modes & Mode.MUTED) !== 0 && !isAnnouncing;
}

/** Bytes of ` "argument"`. */
function shownLength(request: Request, i: number, secret: ReadonlySet<number>): number {
  if (secret.has(i)) return ` "${REDACTED}"`.length;
  return 3 + quotedLength(request.block, request.starts[i], request.lengths[i]);
}

/** Straight into the output: an argument may be as large as a value. */
function writeLine(
  out: ReplyWriter,
  length: number,
  head: string,
  request: Request,
  secret: ReadonlySet<number>,
): void {
  let at = out.reserve(length);
  const { block } = out;
  const put = (text: string) => {
    writeByteString(block, at, text);
    at += text.length;
  };
  put(head);
  for (let i = 0; i < request.count; i++) {
    put(' "');
    if (secret.has(i)) put(REDACTED);
    else at = writeQuoted(block, at, request.block, request.starts[i], request.lengths[i]);
    put('"');
  }
  put(LINE_END);
  out.advance(length);
}
