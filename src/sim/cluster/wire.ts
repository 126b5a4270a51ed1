/** What travels in the simulated cluster. The envelope says which life sent it, and to which cluster it belongs. */
import type { MindMessage, ReplicationMessage } from '../../cluster/index.js';
import type { Incarnation, NodeId } from '../../ring/index.js';
import type { Write } from './map-store.js';

/** What clients ask of nodes. */
export type ClientQuestion =
  /** `needsAll`: acknowledge it when the in-sync set has it. A delete always does. */
  | {
      readonly kind: 'client/write';
      readonly id: number;
      readonly key: string;
      readonly value: number;
      readonly needsAll: boolean;
    }
  | { readonly kind: 'client/delete'; readonly id: number; readonly key: string }
  /** `atReplica`: a replica may answer. */
  | { readonly kind: 'client/read'; readonly id: number; readonly key: string; readonly atReplica: boolean }
  /** What is it, or who loads it? */
  | { readonly kind: 'client/load'; readonly id: number; readonly key: string }
  /** This is what was loaded. */
  | {
      readonly kind: 'client/fill';
      readonly id: number;
      readonly key: string;
      readonly token: string;
      readonly value: number;
    }
  /** Of the people who run the cluster: hand your shard over; let these be the voters. */
  | { readonly kind: 'client/hand-over' }
  | { readonly kind: 'client/voters'; readonly voters: readonly NodeId[] };

export type ClientAnswer =
  | {
      readonly kind: 'client/done';
      readonly id: number;
      readonly value: number | undefined;
      readonly isUnderLease: boolean;
    }
  /** Nothing is there: load it. */
  | { readonly kind: 'client/granted'; readonly id: number; readonly token: string }
  /** Somebody loads it: `woken` comes when that is over, and means no more than to ask again. */
  | { readonly kind: 'client/wait'; readonly id: number }
  | { readonly kind: 'client/woken'; readonly id: number }
  | { readonly kind: 'client/filled'; readonly id: number; readonly isAccepted: boolean }
  /** Nothing was done: ask that one. */
  | { readonly kind: 'client/moved'; readonly id: number; readonly to: NodeId }
  /** Nothing was done: later. */
  | { readonly kind: 'client/down'; readonly id: number }
  /** It was done, and may be lost. */
  | { readonly kind: 'client/uncertain'; readonly id: number };

export interface Wire {
  readonly life: Incarnation;
  /** Left out while the sender belongs to none. */
  readonly cluster?: string;
  readonly body: MindMessage | ReplicationMessage<Write> | ClientQuestion | ClientAnswer;
}

export function isQuestion(body: Wire['body']): body is ClientQuestion {
  return (
    body.kind === 'client/write' ||
    body.kind === 'client/delete' ||
    body.kind === 'client/read' ||
    body.kind === 'client/load' ||
    body.kind === 'client/fill' ||
    body.kind === 'client/hand-over' ||
    body.kind === 'client/voters'
  );
}

export function isAnswer(body: Wire['body']): body is ClientAnswer {
  return body.kind.startsWith('client/') && !isQuestion(body);
}

export function isReplication(body: Wire['body']): body is ReplicationMessage<Write> {
  return body.kind.startsWith('replication/');
}
