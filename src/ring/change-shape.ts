/** Changes as they come from other nodes: data in one of the known shapes, or refused. Whether they fit is for apply-change.ts to say. */
import type {
  AddReplica,
  HandOver,
  NodeJoined,
  NodeLeft,
  NodeMoved,
  NodeReturned,
  Promote,
  Rehome,
  RemoveReplica,
  RenewEpoch,
  ReplicaInSync,
  ReplicaOutOfSync,
  SetLeaseTerms,
  SettleVoters,
  SetVoters,
  TopologyChange,
} from './changes.js';
import { aNumber, fields, readData, type Shape, textOfAtMost } from './data-shape.js';
import { type Refusal, shown } from './refusal.js';
import { leaseShape, lifeShape, nodeShape, votersShape } from './topology-shape.js';

/** Letters of a reason: some sentences, which go into the log of every node. */
const MAX_REASON_LENGTH = 1000;

/** The kind has chosen the shape already. */
function kind<K extends string>(name: K): Shape<K> {
  return () => name;
}

const reason = textOfAtMost(MAX_REASON_LENGTH);
const ofShard = { shard: aNumber, epoch: aNumber, reason };
const ofReplica = { ...ofShard, replica: lifeShape };

const shapes: { readonly [C in TopologyChange as C['kind']]: Shape<C> } = {
  'node-joined': fields<NodeJoined>({ kind: kind('node-joined'), node: nodeShape, reason }),
  'node-returned': fields<NodeReturned>({
    kind: kind('node-returned'),
    former: lifeShape,
    node: nodeShape,
    reason,
  }),
  'node-moved': fields<NodeMoved>({ kind: kind('node-moved'), node: nodeShape, reason }),
  'node-left': fields<NodeLeft>({ kind: kind('node-left'), life: lifeShape, reason }),
  promote: fields<Promote>({ kind: kind('promote'), ...ofShard, to: lifeShape }),
  'hand-over': fields<HandOver>({ kind: kind('hand-over'), ...ofShard, from: lifeShape, to: lifeShape }),
  'renew-epoch': fields<RenewEpoch>({ kind: kind('renew-epoch'), ...ofShard, primary: lifeShape }),
  'replica-in-sync': fields<ReplicaInSync>({
    kind: kind('replica-in-sync'),
    ...ofReplica,
    syncVersion: aNumber,
  }),
  'replica-out-of-sync': fields<ReplicaOutOfSync>({ kind: kind('replica-out-of-sync'), ...ofReplica }),
  'add-replica': fields<AddReplica>({ kind: kind('add-replica'), ...ofReplica }),
  'remove-replica': fields<RemoveReplica>({ kind: kind('remove-replica'), ...ofReplica }),
  rehome: fields<Rehome>({ kind: kind('rehome'), ...ofShard, to: lifeShape }),
  'set-voters': fields<SetVoters>({
    kind: kind('set-voters'),
    voterVersion: aNumber,
    voters: votersShape,
    reason,
  }),
  'settle-voters': fields<SettleVoters>({ kind: kind('settle-voters'), voterVersion: aNumber, reason }),
  'set-lease-terms': fields<SetLeaseTerms>({
    kind: kind('set-lease-terms'),
    former: leaseShape,
    lease: leaseShape,
    reason,
  }),
};

/** A change of foreign data, or what is wrong with its shape. */
export function readChange(value: unknown): TopologyChange | Refusal {
  const name = typeof value === 'object' && value !== null ? (value as { kind?: unknown }).kind : undefined;
  if (typeof name !== 'string' || !Object.hasOwn(shapes, name))
    return { refused: `a change of the kind ${shown(name)} is not known here` };
  return readData<TopologyChange>(shapes[name as TopologyChange['kind']], value, 'change');
}
