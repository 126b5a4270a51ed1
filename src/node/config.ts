/**
 * The settings in force. They start as the options say, and CONFIG SET changes some of them: which, and under
 * what name, stands in config-table.ts.
 */
import type { AckWrites, OutputLimits, ResolvedNodeOptions } from './options.js';
import { Password } from './password.js';

const MIB = 1024 * 1024;
/** Least of what all clients may take together: a few large values must pass on the smallest node. */
const MIN_CLIENTS_BYTES = 128 * MIB;
/** Part of the memory budget that the table of tracked keys may take, and its least. */
const TRACKING_SHARE = 1 / 32;
const MIN_TRACKING_BYTES = MIB;

export class Config {
  /** Undefined: nobody needs one. */
  password: Password | undefined;
  maxClients: number;
  idleTimeoutMs: number;
  tcpKeepAliveMs: number;
  maxBulkBytes: number;
  maxQueryBytes: number;
  outputPauseBytes: number;
  outputLimits: OutputLimits;
  /** Who must have a write that replaces something before it is answered. */
  ackWrites: AckWrites;
  /** Reads of a node without its lease, or behind its primary, end after so long; Infinity: never. */
  maxStaleMs: number;
  /** 0 = no limit. */
  maxClientsBytes: number;
  /** When `maxClientsBytes` follows the memory budget: its part of it; 0 = it does not. */
  maxClientsPercent = 0;
  slowlogThresholdUs: number;
  slowlogMaxEntries: number;
  /** Parameters that are accepted and change nothing, by name: config-inert.ts. */
  readonly remembered = new Map<string, string>();

  constructor(options: ResolvedNodeOptions, maxMemoryBytes: number) {
    this.password = Password.ofPlainText(options.password);
    this.maxClients = options.maxClients;
    this.idleTimeoutMs = options.idleTimeoutMs;
    this.tcpKeepAliveMs = options.tcpKeepAliveMs;
    this.maxBulkBytes = options.maxBulkBytes;
    this.maxQueryBytes = options.maxQueryBytes;
    this.outputPauseBytes = options.outputPauseBytes;
    this.outputLimits = options.outputLimits;
    this.ackWrites = options.ackWrites;
    this.maxStaleMs = options.maxStaleMs === -1 ? Number.POSITIVE_INFINITY : options.maxStaleMs;
    this.maxClientsBytes =
      options.maxClientsBytes === -1
        ? Math.max(MIN_CLIENTS_BYTES, Math.floor(maxMemoryBytes / 2))
        : options.maxClientsBytes;
    this.slowlogThresholdUs = options.slowlogThresholdUs;
    this.slowlogMaxEntries = options.slowlogMaxEntries;
  }

  /** All clients together may take so much. */
  boundClients(bytes: number): void {
    this.maxClientsPercent = 0;
    this.maxClientsBytes = bytes;
  }

  /** All clients together may take such a part of the memory budget; 0 = no limit. */
  boundClientsByPercent(percent: number, maxMemoryBytes: number): void {
    this.maxClientsPercent = percent;
    this.maxClientsBytes = Math.floor((maxMemoryBytes * percent) / 100);
  }

  /** The memory budget is another. */
  budgetChanged(maxMemoryBytes: number): void {
    if (this.maxClientsPercent > 0) this.boundClientsByPercent(this.maxClientsPercent, maxMemoryBytes);
  }
}

/** The budget of the table of tracked keys: as given, 0 for the default; never more than half of the memory. */
export function trackingBudget(givenBytes: number, maxMemoryBytes: number): number {
  const wanted = givenBytes === 0 ? Math.floor(maxMemoryBytes * TRACKING_SHARE) : givenBytes;
  return Math.max(MIN_TRACKING_BYTES, Math.min(wanted, Math.floor(maxMemoryBytes / 2)));
}
