/**
 * MULTI: requests gathered to be executed together.
 *
 *   MULTI --> queueing --EXEC--> executed, one after the other, nothing between
 *                |  |
 *                |  +--a request is refused--> broken --EXEC--> EXECABORT
 *                +--DISCARD, RESET, the connection closes--> gone
 *
 * Queued requests are copies, as the bytes they came in are soon overwritten. They count as input of the
 * client that is not executed yet, so the limit of the query buffer bounds them.
 */
import type { Request } from '../resp/index.js';
import type { Command } from './command.js';
import { Mode, type Session } from './session.js';

/** What a queued request takes beside its bytes, roughly. */
const REQUEST_BYTES = 200;
/** And each of its arguments. */
const ARGUMENT_BYTES = 8;

export class Transaction {
  readonly commands: Command[] = [];
  readonly requests: Request[] = [];
  /** A request was refused: EXEC will be, too. */
  broken = false;
  bytes = 0;

  queue(session: Session, command: Command, request: Request): void {
    // What will not be executed need not be kept: a broken transaction answers, but does not grow.
    if (!this.broken) {
      const copy = request.copy();
      this.commands.push(command);
      this.requests.push(copy);
      this.bytes += REQUEST_BYTES + copy.block.bytes.length + copy.count * ARGUMENT_BYTES;
      session.node.limits.inputKept(session);
    }
    session.out.queued();
  }
}

/** Ends MULTI without executing, and forgets what was watched. */
export function discard(session: Session): void {
  session.transaction = undefined;
  session.modes &= ~Mode.TRANSACTION;
  session.node.watches.forget(session);
  session.node.limits.account(session);
}
