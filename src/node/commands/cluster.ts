/**
 * CLUSTER for a lone node: it is its own cluster and owns every slot. INFO says `cluster_enabled:0`, so no client
 * takes the cluster's way by itself; one that does is served.
 */
import { keySlot, SLOT_COUNT } from '../../base/index.js';
import type { Request, SubcommandName } from '../../resp/index.js';
import type { CacheNode } from '../cache-node.js';
import type { Handler, Session } from '../session.js';
import { integerArgument } from './arguments.js';
import { scratch } from './values.js';

const LAST_SLOT = SLOT_COUNT - 1;
/** Where cluster nodes talk to each other, by Redis' convention. Nobody listens there. */
const BUS_PORT_OFFSET = 10_000;

export const clusterHandlers = {
  'cluster|slots'(session) {
    const { out, node } = session;
    out.array(1);
    out.array(3);
    out.integer(0);
    out.integer(LAST_SLOT);
    out.array(4);
    out.bulkText(addressFor(session));
    out.integer(node.port);
    out.bulkText(node.nodeId);
    out.array(0);
  },

  'cluster|shards'(session) {
    const { out, node } = session;
    out.array(1);
    out.map(2);
    out.bulkText('slots');
    out.array(2);
    out.integer(0);
    out.integer(LAST_SLOT);
    out.bulkText('nodes');
    out.array(1);
    out.map(7);
    writeText(session, 'id', node.nodeId);
    out.bulkText('port');
    out.integer(node.port);
    writeText(session, 'ip', addressFor(session));
    writeText(session, 'endpoint', addressFor(session));
    writeText(session, 'role', 'master');
    out.bulkText('replication-offset');
    out.integer(0);
    writeText(session, 'health', 'online');
  },

  'cluster|nodes'(session) {
    const { node } = session;
    const address = `${addressFor(session)}:${node.port}@${node.port + BUS_PORT_OFFSET}`;
    session.out.verbatim('txt', `${node.nodeId} ${address} myself,master - 0 0 1 connected 0-${LAST_SLOT}\n`);
  },

  'cluster|info'(session) {
    const fields = {
      cluster_state: 'ok',
      cluster_slots_assigned: SLOT_COUNT,
      cluster_slots_ok: SLOT_COUNT,
      cluster_slots_pfail: 0,
      cluster_slots_fail: 0,
      cluster_known_nodes: 1,
      cluster_size: 1,
      cluster_current_epoch: 1,
      cluster_my_epoch: 1,
      cluster_stats_messages_sent: 0,
      cluster_stats_messages_received: 0,
      total_cluster_links_buffer_limit_exceeded: 0,
    };
    const text = Object.entries(fields).map(([name, value]) => `${name}:${value}\r\n`);
    session.out.verbatim('txt', text.join(''));
  },

  'cluster|myid': (session) => session.out.bulkText(session.node.nodeId),

  'cluster|myshardid': (session) => session.out.bulkText(session.node.shardId),

  'cluster|keyslot'(session, request) {
    session.out.integer(keySlot(request.block, request.starts[2], request.lengths[2]));
  },

  'cluster|countkeysinslot'(session, request) {
    const slot = slotArgument(session, request);
    if (slot === undefined) return;
    let count = 0;
    walkSlot(session.node, slot, () => {
      count++;
      return true;
    });
    session.out.integer(count);
  },

  'cluster|getkeysinslot'(session, request) {
    const slot = integerArgument(session, request, 2);
    if (slot === undefined) return;
    const limit = integerArgument(session, request, 3);
    if (limit === undefined) return;
    if (slot < 0 || slot > LAST_SLOT || limit < 0) {
      session.out.error('ERR Invalid slot or number of keys');
      return;
    }
    writeKeys(session, slot, limit);
  },

  'cluster|replicas'(session, request) {
    if (request.text(2) === session.node.nodeId) session.out.array(0);
    else session.out.error(`ERR Unknown node ${request.text(2)}`);
  },

  'cluster|links': (session) => session.out.array(0),
} satisfies Partial<Record<SubcommandName<'cluster'>, Handler>>;

/** The address by which this client has reached the node: the one it can reach again. */
function addressFor(session: Session): string {
  const end = session.localAddress.lastIndexOf(':');
  return session.localAddress.slice(0, end).replace(/^\[|\]$/g, '');
}

function writeText(session: Session, name: string, value: string): void {
  session.out.bulkText(name);
  session.out.bulkText(value);
}

function slotArgument(session: Session, request: Request): number | undefined {
  const slot = integerArgument(session, request, 2);
  if (slot === undefined || (slot >= 0 && slot <= LAST_SLOT)) return slot;
  session.out.error('ERR Invalid slot');
  return undefined;
}

/** Visits the keys of a slot until `visit` says no. A lone node keeps no list per slot: it walks all keys. */
function walkSlot(node: CacheNode, slot: number, visit: (length: number) => boolean): void {
  const { store } = node;
  let wantsMore = true;
  let cursor = 0;
  do {
    cursor = store.scanSlots(
      cursor,
      (one) => one === slot,
      (ref) => {
        if (!wantsMore) return;
        store.copyKey(ref, scratch, 0);
        wantsMore = visit(store.keyLength(ref));
      },
    );
  } while (cursor !== 0 && wantsMore);
}

function writeKeys(session: Session, slot: number, limit: number): void {
  const { out, node } = session;
  const keys: Uint8Array[] = [];
  if (limit > 0) {
    walkSlot(node, slot, (length) => {
      keys.push(scratch.bytes.slice(0, length));
      return keys.length < limit;
    });
  }
  out.array(keys.length);
  for (const key of keys) {
    const at = out.bulkHeader(key.length);
    out.block.bytes.set(key, at);
    out.advance(key.length);
    out.crlf();
  }
}
