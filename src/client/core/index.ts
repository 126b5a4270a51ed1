export {
  Circuit,
  type CircuitOptions,
  type CircuitState,
  type CircuitTicket,
  circuitDefaults,
} from './circuit.js';
export {
  type ClusterNode,
  ClusterRoutes,
  type LearntTopology,
  READS_FROM,
  type ReadsFrom,
  type ShardRoute,
} from './cluster-routes.js';
export {
  drawRefreshAt,
  jitteredTtl,
  refreshesEarly,
  refreshLeadMs,
} from './early-refresh.js';
export { FleetSize } from './fleet-size.js';
export { Freezer, type Frozen } from './freezer.js';
export { KEPT_MS, KeptLoads, type LoadStart } from './kept-loads.js';
export { type Load, type LoadCaller, type LoadEnding, LoadTable, type Settled } from './load-table.js';
export {
  type LoadAdmission,
  LoaderGroup,
  type LoaderGroupOptions,
  type LoaderGroupStats,
  MAX_QUEUED_LOADS,
} from './loader-group.js';
export { MIN_NEAR_BYTES, NearCache } from './near-cache.js';
export type { NearEntry, NearStats } from './near-entry.js';
export { NearStaleness, type StalenessStats } from './near-staleness.js';
export type { Ticket } from './near-tickets.js';
export {
  type InvalidationAttempt,
  type InvalidationKind,
  PendingInvalidations,
  type PendingInvalidationsOptions,
  pendingInvalidationsDefaults,
} from './pending-invalidations.js';
