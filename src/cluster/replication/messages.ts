/** The messages of replication. `session` names one attachment of one replica to one primary in one epoch. */
import type { History } from './history.js';

export type ReplicationMessage<W> =
  /** To the primary: I am your replica, and hold this (undefined: nothing). Repeated until it is answered. */
  | {
      readonly kind: 'replication/attach';
      readonly shard: number;
      readonly epoch: number;
      readonly held: History | undefined;
      /** Raised by the replica with each: an old one that comes late begins nothing. */
      readonly attempt: number;
      /** The clock of the replica, which misses no pause. */
      readonly replicaMs: number;
    }
  /**
   * From the primary: writes in their order. Batches of a session are numbered from 0 on; who misses one attaches again.
   */
  | {
      readonly kind: 'replication/batch';
      readonly shard: number;
      readonly epoch: number;
      readonly session: number;
      readonly number: number;
      /** Of batch 0: begin anew, from an empty store. */
      readonly isFull: boolean;
      /** The offset before the first of `writes`. */
      readonly offset: number;
      readonly writes: readonly W[];
      /** Of a full sync: entries as they were after `writes`; they count no offset. */
      readonly slice: readonly W[];
      /** With this batch the replica holds everything up to its last offset. */
      readonly isComplete: boolean;
      /** All that was written before this time of the primary's clock is in this batch or before it, in ms; -1: says nothing. */
      readonly clockMs: number;
      /** The newest `replicaMs` that the primary had heard when it made this batch. */
      readonly heardMs: number;
    }
  /** To the primary: done up to here. */
  | {
      readonly kind: 'replication/done';
      readonly shard: number;
      readonly epoch: number;
      readonly session: number;
      /** How many batches. */
      readonly batches: number;
      readonly offset: number;
      readonly isComplete: boolean;
      /** The newest `clockMs` of them. */
      readonly clockMs: number;
      /** The clock of the replica, which misses no pause. */
      readonly replicaMs: number;
    };
