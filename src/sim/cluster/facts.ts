/** What nodes and clients of the simulated cluster tell the checkers. */
import type { History } from '../../cluster/index.js';
import type { NodeId, Topology } from '../../ring/index.js';

export type ClusterFact =
  /** A node has learnt that this is committed. */
  | { readonly kind: 'committed'; readonly term: number; readonly topology: Topology }
  /** A node begins to keep this topology; or has found it on its disk. With the voters of the one that it was made from. */
  | {
      readonly kind: 'accepts';
      readonly topology: Topology;
      readonly baseVoterSets: readonly (readonly NodeId[])[];
    }
  /** It has it on its disk; or found it there. */
  | { readonly kind: 'kept'; readonly term: number; readonly version: number }
  /** Its vote in this term is on its disk; or it found it there. */
  | { readonly kind: 'voted'; readonly term: number; readonly candidate: NodeId }
  /** A node takes itself for the leader of this term. */
  | { readonly kind: 'leads'; readonly term: number }
  /** Its disk failed: what it began to keep may be there or not. */
  | { readonly kind: 'not-kept' }
  /** A primary asks all voters for its lease. `sentAtMs` names the question. */
  | { readonly kind: 'asks-lease'; readonly sentAtMs: number }
  /** A voter promises it. */
  | {
      readonly kind: 'promises';
      readonly shard: number;
      readonly epoch: number;
      readonly voterVersion: number;
    }
  /** The primary hears of it. */
  | {
      readonly kind: 'was-promised';
      readonly voter: NodeId;
      readonly shard: number;
      readonly epoch: number;
      readonly voterVersion: number;
      readonly sentAtMs: number;
    }
  /** A primary writes no more at this epoch. */
  | { readonly kind: 'released'; readonly shard: number; readonly epoch: number }
  /** A node begins to be primary, from what it holds. */
  | {
      readonly kind: 'took-over';
      readonly shard: number;
      readonly epoch: number;
      readonly from: History;
    }
  /** A replica holds everything up to here; undefined: it is filled anew. */
  | { readonly kind: 'has'; readonly shard: number; readonly held: History | undefined }
  /** A primary has executed a write; undefined: a delete. */
  | {
      readonly kind: 'wrote';
      readonly shard: number;
      readonly epoch: number;
      readonly offset: number;
      readonly key: string;
      readonly value: number | undefined;
      /** Of the clock of the primary. */
      readonly monotonicMs: number;
    }
  /** And acknowledged it, by the in-sync set or alone. */
  | {
      readonly kind: 'acknowledged';
      readonly shard: number;
      readonly epoch: number;
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
  /** A client may load this key and fill with this token until then, on the clock of the node. */
  | { readonly kind: 'granted'; readonly key: string; readonly token: string; readonly endsMs: number }
  /** A fill with it was accepted; it is executed like any write. */
  | { readonly kind: 'filled'; readonly key: string; readonly token: string; readonly monotonicMs: number }
  /** A client waits for a load of somebody else, which ends then at the latest; and was told that it is over. */
  | {
      readonly kind: 'waits';
      readonly client: NodeId;
      readonly id: number;
      readonly shard: number;
      readonly epoch: number;
      readonly endsMs: number;
    }
  | { readonly kind: 'woken'; readonly client: NodeId; readonly id: number }
  /** A client changed the source of truth of a key, and was then told that the key is deleted. */
  | { readonly kind: 'invalidated'; readonly key: string; readonly version: number }
  /** What a node's clock shows, now and then, and of which shard and epoch it is primary; 0: of none. */
  | {
      readonly kind: 'clock';
      readonly monotonicMs: number;
      readonly shard: number;
      readonly epoch: number;
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
