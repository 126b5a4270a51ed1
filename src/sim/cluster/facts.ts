/** What nodes and clients of the simulated cluster tell the checkers. */
import type { Topology } from '../../ring/index.js';

export type ClusterFact =
  /** A node has learnt that this is committed. */
  | { readonly kind: 'committed'; readonly term: number; readonly topology: Topology }
  /** A primary has executed a write; undefined: a delete. */
  | {
      readonly kind: 'wrote';
      readonly shard: number;
      readonly epoch: number;
      readonly offset: number;
      readonly key: string;
      readonly value: number | undefined;
    }
  /** And acknowledged it, by the in-sync set or alone. */
  | {
      readonly kind: 'acknowledged';
      readonly shard: number;
      readonly key: string;
      readonly value: number | undefined;
      readonly byAll: boolean;
      readonly offset: number;
    }
  /** A client begins to read, and has read. */
  | { readonly kind: 'read-began'; readonly id: number; readonly key: string }
  | {
      readonly kind: 'read';
      readonly id: number;
      readonly key: string;
      readonly value: number | undefined;
      readonly isUnderLease: boolean;
    }
  /** What a copy holds, now and then. */
  | {
      readonly kind: 'holds';
      readonly shard: number;
      readonly role: 'primary' | 'replica';
      /** A primary that would take a write. */
      readonly mayWrite: boolean;
      readonly entries: ReadonlyMap<string, number>;
      readonly held: { readonly epoch: number; readonly offset: number } | undefined;
    };
