/** Copies: which there are, waiting for them, and the commands by which Redis is told who copies whom. */
import type { CommandName, Request } from '../../resp/index.js';
import { type Gate, refusals } from '../cluster/gate.js';
import type { BlockedCommand, Handler, Session } from '../session.js';

const ON_REPLICA =
  'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.';
const OFF_CLUSTER =
  'ERR this node is alone: nodes that copy each other are started as a cluster, see docs/cluster-protocol.md';

export const replicationHandlers = {
  role(session) {
    const { out } = session;
    const { gate } = session.node;
    if (gate?.isReplica === true) {
      replicaRole(session, gate);
      return;
    }
    // Whoever is alone has replicas of nothing, and its stream has not begun.
    const followers = gate?.followers() ?? [];
    out.array(3);
    out.bulkText('master');
    out.integer(gate?.member.offset ?? 0);
    out.array(followers.length);
    for (const { host, port, offset } of followers) {
      out.array(3);
      out.bulkText(host);
      out.bulkText(String(port));
      out.bulkText(String(offset));
    }
  },

  wait,

  replicaof: follow,
  slaveof: follow,

  failover(session, request) {
    const { out, node } = session;
    if (node.gate !== undefined) {
      out.error('ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead.');
    } else if (request.count > 1 && request.is(1, 'ABORT')) {
      out.error('ERR No failover in progress.');
    } else {
      out.error('ERR FAILOVER requires connected replicas.');
    }
  },
} satisfies Partial<Record<CommandName, Handler>>;

function replicaRole(session: Session, gate: Gate): void {
  const { out } = session;
  const primary = gate.view?.own?.primary;
  out.array(5);
  out.bulkText('slave');
  out.bulkText(primary?.host ?? '');
  out.integer(primary?.port ?? 0);
  out.bulkText(gate.hearsPrimary ? 'connected' : 'connect');
  out.integer(gate.member.offset);
}

function follow(session: Session, request: Request): void {
  const { out, node } = session;
  if (node.gate !== undefined) out.error('ERR REPLICAOF not allowed in cluster mode.');
  else if (request.is(1, 'NO') && request.is(2, 'ONE')) out.ok();
  else out.error(OFF_CLUSTER);
}

/** WAIT replicas milliseconds: until so many have everything that was written here up to now. */
function wait(session: Session, request: Request): void {
  const { out, node } = session;
  const { gate } = node;
  const wanted = request.bigInteger(1);
  if (gate?.isReplica === true) {
    out.error(ON_REPLICA);
    return;
  }
  if (wanted === undefined) {
    out.error('ERR value is not an integer or out of range');
    return;
  }
  const timeout = request.bigInteger(2);
  if (timeout === undefined) {
    out.error('ERR timeout is not an integer or out of range');
    return;
  }
  if (timeout < 0n) {
    out.error('ERR timeout is negative');
    return;
  }
  const offset = gate?.member.offset ?? 0;
  const count = (): number => gate?.followersAt(offset) ?? 0;
  if (wanted <= count() || session.inExec) {
    out.integer(count());
    return;
  }
  const deadlineMs = timeout === 0n ? Number.POSITIVE_INFINITY : node.clock.monotonicMs() + Number(timeout);
  const isMuted = session.unmuted !== undefined;
  const timeOut = (waiting: Session): void => waiting.out.integer(count());
  if (gate === undefined) node.waits.block(session, { deadlineMs, isMuted, timeOut });
  else
    gate.waitForFollowers(session, {
      deadlineMs,
      isMuted,
      timeOut,
      askAgain: askAgain(session, gate, wanted, count),
    });
}

/** Looks again: who is no longer the primary whose writes are waited for says so. */
function askAgain(
  session: Session,
  gate: Gate,
  wanted: bigint,
  count: () => number,
): NonNullable<BlockedCommand['askAgain']> {
  const { turn } = gate;
  return () => {
    if (gate.turn === turn && count() < wanted) return false;
    const out = session.node.outbox.push(session);
    if (gate.turn === turn) out.integer(count());
    else out.error(refusals.roleChanged);
    return true;
  };
}
