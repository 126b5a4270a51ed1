/**
 * The node's counters, and rates made of them. Counters of commands are with the commands, those of keys with
 * the store; these are the rest. CONFIG RESETSTAT makes them 0.
 */
import { type Block, byteString } from '../base/index.js';

/** Different first words of errors that are counted; the rest goes to one counter. Redis: 128 as well. */
const MAX_ERROR_KINDS = 128;
const OTHER_ERRORS = 'OTHER';
/** Bytes of an error reply's first word. */
const MAX_KIND_BYTES = 32;
const SPACE = 0x20;
const CR = 0x0d;

export class Stats {
  connections = 0;
  rejectedConnections = 0;
  bytesIn = 0;
  protocolErrors = 0;
  outputLimitCloses = 0;
  queryLimitCloses = 0;
  evictedClients = 0;
  /** Load leases granted, clients that waited for one, fills stored, and fills refused. */
  leaseGrants = 0;
  leaseWaits = 0;
  leaseFills = 0;
  leaseRefusals = 0;
  /** Of a cluster, each counted for each other node: publications given to their way to it, come from it, and lost as far as is known. */
  publicationsSent = 0;
  publicationsReceived = 0;
  publicationsDropped = 0;
  /** Error replies, all and by their first word. */
  errorReplies = 0;
  readonly errorKinds = new Map<string, number>();
  /** Most clients at one time, and most memory used, since the start. */
  peakMemoryBytes = 0;
  /** Events of the loop that did work, and time that active expiry took, in ms. */
  expireCycleMs = 0;
  expireBudgetReached = 0;

  readonly commandRate = new Rate();
  readonly inputRate = new Rate();
  readonly outputRate = new Rate();
  readonly evictionRate = new Rate();
  readonly expiryRate = new Rate();

  /** Counts the error reply that begins at `at`: `-ERR ...`. */
  countErrorReply(block: Block, at: number): void {
    const bytes = block.bytes;
    let end = at + 1;
    while (end - at <= MAX_KIND_BYTES && bytes[end] !== SPACE && bytes[end] !== CR) end++;
    this.countError(byteString(block, at + 1, end - at - 1));
  }

  countError(kind: string): void {
    this.errorReplies++;
    const known = this.errorKinds.has(kind) || this.errorKinds.size < MAX_ERROR_KINDS;
    const name = known ? kind : OTHER_ERRORS;
    this.errorKinds.set(name, (this.errorKinds.get(name) ?? 0) + 1);
  }

  reset(): void {
    this.connections = 0;
    this.rejectedConnections = 0;
    this.bytesIn = 0;
    this.protocolErrors = 0;
    this.outputLimitCloses = 0;
    this.queryLimitCloses = 0;
    this.evictedClients = 0;
    this.leaseGrants = 0;
    this.leaseWaits = 0;
    this.leaseFills = 0;
    this.leaseRefusals = 0;
    this.publicationsSent = 0;
    this.publicationsReceived = 0;
    this.publicationsDropped = 0;
    this.errorReplies = 0;
    this.errorKinds.clear();
    this.expireCycleMs = 0;
    this.expireBudgetReached = 0;
    for (const rate of [
      this.commandRate,
      this.inputRate,
      this.outputRate,
      this.evictionRate,
      this.expiryRate,
    ]) {
      rate.reset();
    }
  }
}

/** Samples a rate is the mean of, one per tick of the cron: 1.6 s, as in Redis. */
const SAMPLES = 16;

/** How fast a growing counter grows, per second. */
export class Rate {
  readonly #samples = new Float64Array(SAMPLES);
  #next = 0;
  #lastCount = 0;
  #lastMs = 0;

  sample(count: number, nowMs: number): void {
    const elapsedMs = nowMs - this.#lastMs;
    if (this.#lastMs > 0 && elapsedMs > 0) {
      this.#samples[this.#next] = Math.max(0, ((count - this.#lastCount) * 1000) / elapsedMs);
      this.#next = (this.#next + 1) % SAMPLES;
    }
    this.#lastCount = count;
    this.#lastMs = nowMs;
  }

  get perSecond(): number {
    return this.#samples.reduce((sum, sample) => sum + sample, 0) / SAMPLES;
  }

  reset(): void {
    this.#samples.fill(0);
    this.#lastCount = 0;
    this.#lastMs = 0;
  }
}
