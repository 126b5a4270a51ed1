/**
 * Messages that wait for a connection, oldest first. When it is full the oldest go: the machines of the cluster expect loss, and what
 * they say last is worth more than what they said before. Bounded for each peer and, through `shared`, for all together.
 */
/** For one peer: some whole topologies. */
export const MAX_QUEUE_BYTES = 16 * 1024 * 1024;
/** For one peer: at some hundred bytes each, seconds of heartbeats and news. */
export const MAX_QUEUE_MESSAGES = 4_096;
/** For all peers. */
export const MAX_SHARED_BYTES = 128 * 1024 * 1024;

export interface SharedBytes {
  bytes: number;
}

export class OutgoingQueue {
  /** Messages that were dropped since the start. */
  dropped = 0;
  readonly #shared: SharedBytes;
  #messages: Buffer[] = [];
  /** Messages before it were taken; they leave the array in batches. */
  #first = 0;
  #bytes = 0;

  constructor(shared: SharedBytes) {
    this.#shared = shared;
  }

  get length(): number {
    return this.#messages.length - this.#first;
  }

  push(message: Buffer): void {
    this.#messages.push(message);
    this.#count(message.length);
    while (
      this.length > 0 &&
      (this.#bytes > MAX_QUEUE_BYTES ||
        this.length > MAX_QUEUE_MESSAGES ||
        this.#shared.bytes > MAX_SHARED_BYTES)
    ) {
      this.shift();
      this.dropped++;
    }
  }

  shift(): Buffer | undefined {
    const message = this.#messages[this.#first];
    if (message === undefined) return undefined;
    this.#first++;
    this.#count(-message.length);
    if (this.#first > this.#messages.length / 2) {
      this.#messages = this.#messages.slice(this.#first);
      this.#first = 0;
    }
    return message;
  }

  clear(): void {
    this.dropped += this.length;
    this.#count(-this.#bytes);
    this.#messages = [];
    this.#first = 0;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#shared.bytes += bytes;
  }
}
