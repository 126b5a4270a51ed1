/**
 * What INFO tells, section by section. Everything that tools are known to read is here under Redis' name; what has
 * no meaning for a cache without disk has the value that says so.
 */
import { cpus, type as osType, release, totalmem } from 'node:os';
import { DATABASE_COUNT } from '../store/index.js';
import type { CacheNode } from './cache-node.js';
import { replicationSection } from './cluster/replication-section.js';
import type { Command } from './command.js';
import { COMPATIBLE_VERSION, NUTHATCH_VERSION } from './version.js';

type Fields = Record<string, string | number>;

const SECONDS_PER_DAY = 86_400;

export const infoSections = {
  server: serverSection,
  clients: clientsSection,
  memory: memorySection,
  persistence: persistenceSection,
  stats: statsSection,
  replication: replicationSection,
  cpu: cpuSection,
  modules: (): Fields => ({}),
  commandstats: commandSection,
  errorstats: errorSection,
  latencystats: latencySection,
  cluster: (node: CacheNode): Fields => ({ cluster_enabled: node.gate === undefined ? 0 : 1 }),
  keyspace: keyspaceSection,
} as const;

export type SectionName = keyof typeof infoSections;

function serverSection(node: CacheNode): Fields {
  const uptime = Math.floor((node.clock.monotonicMs() - node.startedMs) / 1000);
  return {
    redis_version: COMPATIBLE_VERSION,
    nuthatch_version: NUTHATCH_VERSION,
    redis_mode: node.gate === undefined ? 'standalone' : 'cluster',
    ...(node.gate?.view !== undefined && { nuthatch_cluster_id: node.gate.view.topology.clusterId }),
    os: `${osType()} ${release()} ${process.arch}`,
    arch_bits: 64,
    multiplexing_api: 'libuv',
    node_version: process.versions.node,
    process_id: process.pid,
    process_supervised: 'no',
    run_id: node.runId,
    tcp_port: node.port,
    server_time_usec: Math.floor(node.clock.wallMs() * 1000),
    uptime_in_seconds: uptime,
    uptime_in_days: Math.floor(uptime / SECONDS_PER_DAY),
    hz: 10,
    configured_hz: 10,
    executable: process.execPath,
    config_file: '',
    io_threads_active: 0,
    available_cpus: cpus().length,
  };
}

function clientsSection(node: CacheNode): Fields {
  return {
    connected_clients: node.sessions.size,
    cluster_connections: 0,
    maxclients: node.config.maxClients,
    client_memory_bytes: node.limits.clientsBytes,
    blocked_clients: node.waits.count + node.pauses.waitingCount,
    tracking_clients: node.tracking.clientCount,
    clients_in_timeout_table: node.waits.timedCount,
  };
}

function memorySection(node: CacheNode): Fields {
  const { store, stats, limits } = node;
  const used = store.usedBytes;
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  const peak = Math.max(stats.peakMemoryBytes, used);
  return {
    used_memory: used,
    used_memory_human: humanBytes(used),
    used_memory_rss: rss,
    used_memory_rss_human: humanBytes(rss),
    used_memory_peak: peak,
    used_memory_peak_human: humanBytes(peak),
    used_memory_peak_perc: percent(used, peak),
    used_memory_overhead: used - store.liveBytes,
    used_memory_startup: 0,
    used_memory_dataset: store.liveBytes,
    used_memory_dataset_perc: percent(store.liveBytes, used),
    used_memory_heap: heapUsed,
    used_memory_heap_total: heapTotal,
    used_memory_lua: 0,
    used_memory_scripts: 0,
    total_system_memory: totalmem(),
    total_system_memory_human: humanBytes(totalmem()),
    maxmemory: store.maxBytes,
    maxmemory_human: humanBytes(store.maxBytes),
    maxmemory_policy: 'allkeys-lru',
    mem_fragmentation_ratio: used === 0 ? '0.00' : (rss / used).toFixed(2),
    mem_fragmentation_bytes: rss - used,
    mem_not_counted_for_evict: 0,
    mem_replication_backlog: node.shardStore?.backlog.bytes ?? 0,
    mem_clients_slaves: 0,
    mem_clients_normal: limits.clientsBytes,
    mem_tracking_table: node.tracking.usedBytes,
    mem_load_leases: node.leases.accountedBytes,
    mem_aof_buffer: 0,
    mem_allocator: 'nuthatch-slab',
    active_defrag_running: 0,
    lazyfree_pending_objects: 0,
  };
}

function persistenceSection(node: CacheNode): Fields {
  return {
    loading: 0,
    async_loading: 0,
    rdb_changes_since_last_save: 0,
    rdb_bgsave_in_progress: 0,
    rdb_last_save_time: Math.floor(node.startedWallMs / 1000),
    rdb_last_bgsave_status: 'ok',
    aof_enabled: 0,
    aof_rewrite_in_progress: 0,
    aof_last_bgrewrite_status: 'ok',
    aof_last_write_status: 'ok',
  };
}

function statsSection(node: CacheNode): Fields {
  const { stats, store, pubsub, tracking, outbox } = node;
  return {
    total_connections_received: stats.connections,
    total_commands_processed: node.commandCount,
    instantaneous_ops_per_sec: Math.round(stats.commandRate.perSecond),
    total_net_input_bytes: stats.bytesIn,
    total_net_output_bytes: outbox.bytesOut,
    instantaneous_input_kbps: kilobytes(stats.inputRate.perSecond),
    instantaneous_output_kbps: kilobytes(stats.outputRate.perSecond),
    rejected_connections: stats.rejectedConnections,
    sync_full: 0,
    sync_partial_ok: 0,
    sync_partial_err: 0,
    expired_keys: store.stats.expired,
    expired_time_cap_reached_count: stats.expireBudgetReached,
    expire_cycle_cpu_milliseconds: Math.round(stats.expireCycleMs),
    instantaneous_expired_per_sec: Math.round(stats.expiryRate.perSecond),
    evicted_keys: store.stats.evicted,
    instantaneous_evicted_per_sec: Math.round(stats.evictionRate.perSecond),
    evicted_clients: stats.evictedClients,
    keyspace_hits: store.stats.hits,
    keyspace_misses: store.stats.misses,
    pubsub_channels: pubsub.channelCount('channel'),
    pubsub_patterns: pubsub.patternCount,
    pubsubshard_channels: pubsub.channelCount('shard'),
    cluster_publications_sent: stats.publicationsSent,
    cluster_publications_received: stats.publicationsReceived,
    cluster_publications_dropped: stats.publicationsDropped,
    latest_fork_usec: 0,
    total_forks: 0,
    tracking_total_keys: tracking.table.keys,
    tracking_total_items: tracking.table.items,
    tracking_total_prefixes: tracking.prefixCount,
    load_leases: node.leases.table.records.count,
    load_lease_grants: stats.leaseGrants,
    load_lease_waits: stats.leaseWaits,
    load_lease_fills: stats.leaseFills,
    load_lease_refusals: stats.leaseRefusals,
    unexpected_error_replies: 0,
    total_error_replies: stats.errorReplies,
    client_query_buffer_limit_disconnections: stats.queryLimitCloses,
    client_output_buffer_limit_disconnections: stats.outputLimitCloses,
    protocol_errors: stats.protocolErrors,
  };
}

function cpuSection(): Fields {
  const { user, system } = process.cpuUsage();
  return {
    used_cpu_sys: (system / 1e6).toFixed(6),
    used_cpu_user: (user / 1e6).toFixed(6),
    used_cpu_sys_children: '0.000000',
    used_cpu_user_children: '0.000000',
  };
}

/** Times are of the commands that are measured; of the others only calls are known. */
function commandSection(node: CacheNode): Fields {
  const fields: Fields = {};
  for (const command of everyCommand(node)) {
    const { calls, rejected, failed, measured, measuredUs } = command;
    if (calls === 0 && rejected === 0) continue;
    const perCall = measured === 0 ? 0 : measuredUs / measured;
    fields[`cmdstat_${command.name}`] =
      `calls=${calls},usec=${Math.round(perCall * calls)},usec_per_call=${perCall.toFixed(2)},rejected_calls=${rejected},failed_calls=${failed}`;
  }
  return fields;
}

function errorSection(node: CacheNode): Fields {
  const fields: Fields = {};
  for (const [kind, count] of [...node.stats.errorKinds].sort())
    fields[`errorstat_${kind}`] = `count=${count}`;
  return fields;
}

/** Percentiles to the precision of a power of two: the histograms hold no more. */
function latencySection(node: CacheNode): Fields {
  const fields: Fields = {};
  for (const command of everyCommand(node)) {
    if (command.histogram === undefined) continue;
    const at = (share: number): string => percentile(command, share).toFixed(3);
    fields[`latency_percentiles_usec_${command.name}`] = `p50=${at(0.5)},p99=${at(0.99)},p99.9=${at(0.999)}`;
  }
  return fields;
}

function percentile(command: Command, share: number): number {
  const histogram = command.histogram ?? new Float64Array();
  let seen = 0;
  for (const [bucket, count] of histogram.entries()) {
    seen += count;
    if (seen >= share * command.measured) return 2 ** (bucket + 1);
  }
  return 0;
}

function keyspaceSection(node: CacheNode): Fields {
  const fields: Fields = {};
  for (let db = 0; db < DATABASE_COUNT; db++) {
    const keys = node.store.count(db);
    if (keys === 0) continue;
    fields[`db${db}`] =
      `keys=${keys},expires=${node.store.expiringCount(db)},avg_ttl=${node.store.averageTtl(db)}`;
  }
  return fields;
}

function everyCommand(node: CacheNode): Command[] {
  return node.commands.list.flatMap((command) => [command, ...command.children]);
}

/** As Redis writes sizes: `919.08K`. */
function humanBytes(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes}B` : `${value.toFixed(2)}${units[unit]}`;
}

function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(2);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '0.00%' : `${((100 * part) / whole).toFixed(2)}%`;
}
