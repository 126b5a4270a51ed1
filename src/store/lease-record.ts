/** What load-leases.ts remembers of a key: who loads or writes it, who waits, or why the last load failed. */
import { NOT_IN_WHEEL, type WheelItem } from '../base/index.js';

/** One connection, as leases see it: what it holds, and what it waits for. */
export class LeaseClient {
  readonly grants = new Set<Grant>();
  readonly awaited = new Set<LeaseRecord>();
}

/** What ends by itself. */
export class Timed implements WheelItem<Timed> {
  wheelSlot = NOT_IN_WHEEL;
  wheelTick = 0;
  wheelPrevious: Timed | undefined = undefined;
  wheelNext: Timed | undefined = undefined;
  /** When it ends, monotonic ms. */
  endsMs = 0;
}

/** A right to fill, until it is used, given back, void, or its time is over. */
export class Grant extends Timed {
  readonly token: string;
  readonly record: LeaseRecord;
  readonly client: LeaseClient;

  constructor(token: string, record: LeaseRecord, client: LeaseClient) {
    super();
    this.token = token;
    this.record = record;
    this.client = client;
  }
}

export type LeaseState =
  | { readonly kind: 'loading'; readonly grant: Grant }
  /** All who write, also those whose token is void: a newcomer overlaps them. */
  | { readonly kind: 'writing'; readonly grants: Set<Grant>; isContended: boolean }
  /** `endsMs` of the record says until when. */
  | { readonly kind: 'failed'; readonly error: string };

export class LeaseRecord extends Timed {
  /** The database as one char, then the key as a byte string. */
  readonly id: string;
  /** Undefined before its first grant, and when it has ended. */
  state: LeaseState | undefined = undefined;
  readonly waiters = new Set<LeaseClient>();

  constructor(id: string) {
    super();
    this.id = id;
  }
}
