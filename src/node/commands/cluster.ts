/**
 * CLUSTER. A lone node is its own cluster and owns every slot; INFO says `cluster_enabled:0`, so no client
 * takes the cluster's way by itself; one that does is served. In a cluster replies are laid out by ../cluster/cluster-replies.ts.
 */
import { keySlot, SLOT_COUNT } from '../../base/index.js';
import type { Request, SubcommandName } from '../../resp/index.js';
import type { CacheNode } from '../cache-node.js';
import { ownShardId } from '../cluster/cluster-replies.js';
import { clusterState } from '../cluster/cluster-state.js';
import { nodeIdOf } from '../cluster/topology-view.js';
import type { Handler, Session } from '../session.js';
import { integerArgument } from './arguments.js';
import { scratch } from './values.js';

const LAST_SLOT = SLOT_COUNT - 1;
/** Where cluster nodes talk to each other, by Redis' convention. Nobody listens there. */
const BUS_PORT_OFFSET = 10_000;

export const clusterHandlers = {
  'cluster|slots'(session) {
    const { out, node } = session;
    if (node.gate !== undefined) {
      node.gate.replies.slots(out);
      return;
    }
    out.array(1);
    out.array(3);
    out.integer(0);
    out.integer(LAST_SLOT);
    out.array(4);
    out.bulkText(addressFor(session));
    out.integer(node.port);
    out.bulkText(node.nodeId);
    out.map(0);
  },

  'cluster|shards'(session) {
    const { out, node } = session;
    if (node.gate !== undefined) {
      node.gate.replies.shards(out);
      return;
    }
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
    if (node.gate !== undefined) {
      node.gate.replies.nodes(session.out);
      return;
    }
    const address = `${addressFor(session)}:${node.port}@${node.port + BUS_PORT_OFFSET}`;
    session.out.verbatim('txt', `${node.nodeId} ${address} myself,master - 0 0 1 connected 0-${LAST_SLOT}\n`);
  },

  'cluster|info'(session) {
    const fields = clusterState(session.node.gate);
    const text = Object.entries(fields).map(([name, value]) => `${name}:${value}\r\n`);
    session.out.verbatim('txt', text.join(''));
  },

  'cluster|myid': ({ out, node }) =>
    out.bulkText(node.gate === undefined ? node.nodeId : nodeIdOf(node.gate.member.self.node)),

  'cluster|myshardid': ({ out, node }) =>
    out.bulkText(node.gate === undefined ? node.shardId : ownShardId(node.gate.member.self, node.gate.view)),

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

  'cluster|replicas'({ out, node }, request) {
    const id = request.text(2);
    const known = id === node.nodeId ? [] : undefined;
    const replicas = node.gate === undefined ? known : node.gate.replies.replicasOf(id);
    if (replicas === undefined) {
      out.error(`ERR Unknown node ${id}`);
      return;
    }
    out.array(replicas.length);
    for (const line of replicas) out.bulkText(line);
  },

  'cluster|links'({ out, node }) {
    if (node.gate === undefined) out.array(0);
    else node.gate.replies.links(out);
  },

  'cluster|topology'(session, request) {
    const { out, node } = session;
    if (request.count > 3 || (request.count === 3 && !request.is(2, 'PUSH'))) out.error('ERR syntax error');
    else if (request.count === 3) subscribeToTopology(session);
    else if (node.gate === undefined) out.nil();
    else node.gate.replies.topology(out);
  },
} satisfies Partial<Record<SubcommandName<'cluster'>, Handler>>;

/** Answers with the version that is known, 0 for none, and pushes newer ones from then on. */
function subscribeToTopology(session: Session): void {
  const { gate } = session.node;
  if (session.protocol !== 3) {
    session.out.error('ERR pushes need RESP3: say HELLO 3 first');
    return;
  }
  gate?.subscribers.add(session);
  session.out.integer(gate?.view?.topology.version ?? 0);
}

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
