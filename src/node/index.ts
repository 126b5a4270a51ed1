export type { Parameter } from './config-parameter.js';
export { parameters as configParameters } from './config-table.js';
export { DEFAULT_MEMORY_SHARE, defaultMemoryBytes, type MemoryLimit, memoryLimit } from './memory-limit.js';
export { type NodeTraffic, type RunningNode, startNode } from './node.js';
export {
  type Clock,
  defaults,
  isLoopback,
  type Log,
  type NodeOptions,
  OptionsError,
  type OutputLimit,
  type OutputLimits,
  optionRanges,
  type ResolvedNodeOptions,
  resolve,
  systemClock,
} from './options.js';
