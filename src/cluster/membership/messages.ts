/** The messages of the membership. All carry news; what they say beside it: */
import type { Incarnation, NodeId } from '../../ring/index.js';
import type { Claim } from './member.js';

export type SwimMessage =
  /** Are you there? In this life of yours. */
  | {
      readonly kind: 'swim/ping';
      readonly sequence: number;
      readonly life: Incarnation;
      readonly news: readonly Claim[];
    }
  /** I am. The sequence is that of the ping or of the request. */
  | {
      readonly kind: 'swim/ack';
      readonly sequence: number;
      readonly life: Incarnation;
      readonly news: readonly Claim[];
    }
  /** Ping that node for me. */
  | {
      readonly kind: 'swim/ask';
      readonly sequence: number;
      readonly target: NodeId;
      readonly life: Incarnation;
      readonly news: readonly Claim[];
    }
  /** It did not answer me either: so the fault is not mine alone, and not that of our link. */
  | { readonly kind: 'swim/nack'; readonly sequence: number; readonly news: readonly Claim[] }
  /** Only news. */
  | { readonly kind: 'swim/gossip'; readonly news: readonly Claim[] }
  /** Everything I know; tell me what you know, unless this is that answer. */
  | { readonly kind: 'swim/exchange'; readonly isAnswer: boolean; readonly news: readonly Claim[] };

export function isSwimMessage(message: { readonly kind: string }): message is SwimMessage {
  return message.kind.startsWith('swim/');
}
