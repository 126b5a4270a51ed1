/** MULTI, EXEC, DISCARD, WATCH, UNWATCH. What a transaction is: ../transaction.ts. */
import type { CommandName } from '../../resp/index.js';
import { executeWithCare } from '../dispatch.js';
import { OutputOverflow } from '../outbox.js';
import { type Handler, Mode, type Session } from '../session.js';
import { discard, Transaction } from '../transaction.js';

export const transactionHandlers = {
  multi(session) {
    if (session.transaction !== undefined) {
      session.out.error('ERR MULTI calls can not be nested');
      return;
    }
    session.transaction = new Transaction();
    session.modes |= Mode.TRANSACTION;
    session.out.ok();
  },

  discard(session) {
    if (session.transaction === undefined) {
      session.out.error('ERR DISCARD without MULTI');
      return;
    }
    discard(session);
    session.out.ok();
  },

  exec(session) {
    const { transaction, node } = session;
    if (transaction === undefined) {
      session.out.error('ERR EXEC without MULTI');
      return;
    }
    const isBroken = node.watches.isBroken(session, node.store);
    discard(session);
    if (transaction.broken) session.out.error('EXECABORT Transaction discarded because of previous errors.');
    else if (isBroken) session.out.nilArray();
    else executeAll(session, transaction);
  },

  watch(session, request) {
    if (session.transaction !== undefined) {
      session.out.error('ERR WATCH inside MULTI is not allowed');
      return;
    }
    const { node, db } = session;
    for (let i = 1; i < request.count; i++) {
      node.watches.watch(session, node.store, db, request.block, request.starts[i], request.lengths[i]);
    }
    node.limits.account(session);
    session.out.ok();
  },

  unwatch(session) {
    session.node.watches.forget(session);
    session.node.limits.account(session);
    session.out.ok();
  },
} satisfies Partial<Record<CommandName, Handler>>;

/** Replies of a transaction that are gathered: one more value must still fit into a writer. */
const MAX_REPLY_BYTES = 1023 * 1024 * 1024;

/**
 * Executes all, whatever comes: a transaction is done whole. Should its replies become too many for one client, the client is
 * closed, and the rest is executed for nobody.
 */
function executeAll(session: Session, transaction: Transaction): void {
  const { outbox, limits } = session.node;
  const { commands, requests } = transaction;
  session.out.array(commands.length);
  session.inExec = true;
  outbox.defer(session);
  for (let i = 0; i < commands.length; i++) {
    // It has killed itself: the rest is executed, but the client has heard the last.
    if (session.closeAfterReply && session.unmuted === undefined) outbox.mute(session);
    if (session.out.length > MAX_REPLY_BYTES) limits.overflowed(session);
    try {
      executeWithCare(session, commands[i], requests[i]);
    } catch (error) {
      // Only a reply of many values can be so large by itself, and who replies that has changed nothing.
      if (!(error instanceof OutputOverflow)) throw error;
      limits.overflowed(session);
    }
    if (session.closed) outbox.swallow.reset();
  }
  session.inExec = false;
  if (session.closeAfterReply) outbox.unmute(session);
  outbox.undefer(session);
}
