/** CLUSTER INFO: what is true here. A lone node, without a gate, is a cluster of one. */
import { SLOT_COUNT } from '../../base/index.js';
import type { Gate } from './gate.js';

export function clusterState(gate: Gate | undefined): Record<string, string | number> {
  const view = gate?.view;
  const shards = view?.topology.shards ?? [];
  const isAlone = gate === undefined;
  const assigned = isAlone || view !== undefined ? SLOT_COUNT : 0;
  const served = isAlone ? SLOT_COUNT : (view?.servedSlots ?? 0);
  const sized = view?.homes.filter(({ primary, ranges }) => primary !== undefined && ranges.length > 0) ?? [];
  return {
    // Some clients do not begin while it is `fail`: as long as any slot is served they should.
    cluster_state: isAlone || (served > 0 && gate.mayReadHere) ? 'ok' : 'fail',
    cluster_slots_assigned: assigned,
    cluster_slots_ok: served,
    cluster_slots_pfail: 0,
    cluster_slots_fail: assigned - served,
    cluster_known_nodes: view?.topology.nodes.length ?? 1,
    cluster_size: isAlone ? 1 : sized.length,
    cluster_current_epoch: isAlone ? 1 : shards.reduce((most, { epoch }) => Math.max(most, epoch), 0),
    cluster_my_epoch: isAlone ? 1 : (view?.own?.shard.epoch ?? 0),
    cluster_stats_messages_sent: 0,
    cluster_stats_messages_received: 0,
    total_cluster_links_buffer_limit_exceeded: 0,
    ...(view !== undefined && { cluster_topology_version: view.topology.version }),
  };
}
