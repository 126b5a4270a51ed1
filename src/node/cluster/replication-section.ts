/** INFO replication: the role of this node's copy, and how far whoever follows it is. Offsets count writes of the stream, not bytes. */
import type { CacheNode } from '../cache-node.js';
import type { Gate } from './gate.js';

type Fields = Record<string, string | number>;

export function replicationSection(node: CacheNode): Fields {
  const { gate } = node;
  const offset = gate?.member.offset ?? 0;
  const { backlog } = node.shardStore ?? {};
  return {
    ...(gate?.isReplica === true ? asReplica(gate) : asPrimary(gate)),
    master_failover_state: 'no-failover',
    master_replid: node.runId,
    master_replid2: '0'.repeat(40),
    master_repl_offset: offset,
    second_repl_offset: -1,
    repl_backlog_active: backlog === undefined ? 0 : 1,
    repl_backlog_size: backlog?.maxBytes ?? 0,
    repl_backlog_first_byte_offset: backlog === undefined ? 0 : backlog.last - backlog.count + 1,
    repl_backlog_histlen: backlog?.bytes ?? 0,
    ...(gate !== undefined && ownFields(gate, node.shardStore?.dropped ?? 0)),
  };
}

function asPrimary(gate: Gate | undefined): Fields {
  const followers = gate?.followers() ?? [];
  const fields: Fields = { role: 'master', connected_slaves: followers.length };
  followers.forEach(({ host, port, isInSync, offset, lagMs }, i) => {
    const state = isInSync ? 'online' : 'wait_bgsave';
    const lagSeconds = Number.isFinite(lagMs) ? Math.floor(lagMs / 1000) : -1;
    fields[`slave${i}`] = `ip=${host},port=${port},state=${state},offset=${offset},lag=${lagSeconds}`;
  });
  return fields;
}

function asReplica({ member, view, hearsPrimary }: Gate): Fields {
  const primary = view?.own?.primary;
  const staleMs = member.staleMs();
  return {
    role: 'slave',
    master_host: primary?.host ?? '',
    master_port: primary?.port ?? 0,
    master_link_status: hearsPrimary ? 'up' : 'down',
    master_last_io_seconds_ago: Number.isFinite(staleMs) ? Math.floor(staleMs / 1000) : -1,
    master_sync_in_progress: Number.isFinite(staleMs) ? 0 : 1,
    slave_read_repl_offset: member.offset,
    slave_repl_offset: member.offset,
    slave_priority: 100,
    slave_read_only: 1,
    replica_announced: 1,
    connected_slaves: 0,
  };
}

/** What Redis does not know. */
function ownFields({ member, held }: Gate, dropped: number): Fields {
  return {
    shard: member.shard?.id ?? -1,
    shard_epoch: member.shard?.epoch ?? 0,
    write_lease: member.holdsLease() ? 1 : 0,
    confirmed_offset: member.confirmed,
    clients_with_held_replies: held.sessionCount,
    replica_dropped_keys: dropped,
  };
}
