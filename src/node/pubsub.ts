/**
 * Pub/sub: channels, patterns, and shard channels.
 *
 *   channel -> sessions          a message goes to each of them, then
 *   pattern -> sessions          to each session of each pattern that matches, once per pattern
 *   shard channel -> sessions    apart from the others: SPUBLISH reaches only these
 *
 * Names are byte strings. A message is laid out once per protocol version and copied to each receiver.
 * Nothing is stored: who is not there, or reads too slowly for its output limit, misses it. Of a cluster these are the subscribers of this node; how
 * a message comes to those of others: cluster/publications.ts.
 *
 * Cost of PUBLISH: one lookup, the receivers, and one match per pattern (their number is what a user chose).
 */
import { Block, byteString } from '../base/index.js';
import { freshBlocks, GlobPattern, ReplyWriter } from '../resp/index.js';
import type { CacheNode } from './cache-node.js';
import type { Publication } from './cluster/publication-codec.js';
import { Mode, type Session } from './session.js';

/** The three kinds of subscriptions. */
export const SubscriptionKind = {
  CHANNEL: 'channel',
  PATTERN: 'pattern',
  SHARD: 'shard',
} as const;
export type SubscriptionKind = (typeof SubscriptionKind)[keyof typeof SubscriptionKind];

/** What one session is subscribed to. */
export interface Subscriptions {
  readonly channel: Set<string>;
  readonly pattern: Set<string>;
  readonly shard: Set<string>;
  bytes: number;
}

const kinds = ['channel', 'pattern', 'shard'] as const;

/** The words of their replies and messages. */
const words = {
  channel: { subscribe: 'subscribe', unsubscribe: 'unsubscribe', message: 'message' },
  pattern: { subscribe: 'psubscribe', unsubscribe: 'punsubscribe', message: 'pmessage' },
  shard: { subscribe: 'ssubscribe', unsubscribe: 'sunsubscribe', message: 'smessage' },
} as const;

/** What a subscription takes beside its name, in the map and in the session, roughly. */
const SUBSCRIPTION_BYTES = 160;
/** First size of a laid out message. */
const FRAME_BYTES = 4096;

export class PubSub {
  readonly #node: CacheNode;
  readonly #subscribers = {
    channel: new Map<string, Set<Session>>(),
    pattern: new Map<string, Set<Session>>(),
    shard: new Map<string, Set<Session>>(),
  };
  readonly #compiled = new Map<string, GlobPattern>();
  /** The message at hand, as each protocol version lays it out. */
  readonly #frames: { readonly 2: ReplyWriter; readonly 3: ReplyWriter };

  constructor(node: CacheNode) {
    this.#node = node;
    const frame = (protocol: 2 | 3): ReplyWriter => {
      const writer = new ReplyWriter(freshBlocks, FRAME_BYTES);
      writer.protocol = protocol;
      return writer;
    };
    this.#frames = { 2: frame(2), 3: frame(3) };
  }

  // -- subscribing

  subscribe(session: Session, kind: SubscriptionKind, name: string): void {
    session.subscriptions ??= { channel: new Set(), pattern: new Set(), shard: new Set(), bytes: 0 };
    const own = session.subscriptions;
    if (!own[kind].has(name)) {
      own[kind].add(name);
      own.bytes += SUBSCRIPTION_BYTES + name.length;
      this.#add(session, kind, name);
    }
    if (session.protocol === 2) session.modes |= Mode.SUBSCRIBED;
    this.#confirm(session, kind, words[kind].subscribe, name);
    this.#node.limits.account(session);
  }

  unsubscribe(session: Session, kind: SubscriptionKind, name: string): void {
    this.#leave(session, kind, name);
    this.#confirm(session, kind, words[kind].unsubscribe, name);
    this.#settle(session);
  }

  /** Leaves all of one kind, in the order of subscribing. */
  unsubscribeAll(session: Session, kind: SubscriptionKind): void {
    const names = [...(session.subscriptions?.[kind] ?? [])];
    if (names.length === 0) this.#confirm(session, kind, words[kind].unsubscribe, undefined);
    for (const name of names) this.unsubscribe(session, kind, name);
  }

  /** RESET, or the connection is closed: leaves everything without a word. */
  forget(session: Session): void {
    const own = session.subscriptions;
    if (own === undefined) return;
    for (const kind of kinds) for (const name of [...own[kind]]) this.#leave(session, kind, name);
    this.#settle(session);
  }

  /** Shard channels that go to another node: whoever is subscribed there is told to look for it. */
  leaveShardChannels(keeps: (channel: Block) => boolean): void {
    for (const [channel, sessions] of [...this.#subscribers.shard]) {
      if (keeps(Block.of(channel))) continue;
      for (const session of [...sessions]) {
        this.#node.outbox.push(session);
        this.unsubscribe(session, 'shard', channel);
      }
    }
  }

  /** HELLO has changed the protocol version. */
  protocolChanged(session: Session): void {
    if (session.subscriptions !== undefined && session.protocol === 2) session.modes |= Mode.SUBSCRIBED;
    else session.modes &= ~Mode.SUBSCRIBED;
  }

  // -- publishing

  /** Sends a message to whom it concerns. Returns how many times it was sent. */
  publish(kind: 'channel' | 'shard', publication: Publication): number {
    const { block, channelAt, channelLength, messageAt, messageLength } = publication;
    const channel = byteString(block, channelAt, channelLength);
    const send = (sessions: ReadonlySet<Session>, word: string, pattern: string | undefined): number => {
      this.#frames[2].truncate(0);
      this.#frames[3].truncate(0);
      let count = 0;
      for (const session of sessions) {
        const frame = this.#frames[session.protocol];
        if (frame.length === 0) {
          frame.push(pattern === undefined ? 3 : 4);
          frame.bulkText(word);
          if (pattern !== undefined) frame.bulkText(pattern);
          frame.bulkText(channel);
          frame.bulk(block, messageAt, messageLength);
        }
        this.#deliver(session, frame);
        count++;
      }
      return count;
    };
    const subscribers = this.#subscribers[kind].get(channel);
    let count = subscribers === undefined ? 0 : send(subscribers, words[kind].message, undefined);
    if (kind === 'channel') {
      for (const [pattern, compiled] of this.#compiled) {
        if (!compiled.matches(block, channelAt, channelLength)) continue;
        const sessions = this.#subscribers.pattern.get(pattern);
        if (sessions !== undefined) count += send(sessions, words.pattern.message, pattern);
      }
    }
    this.#frames[2].reset();
    this.#frames[3].reset();
    return count;
  }

  // -- asking

  get patternCount(): number {
    return this.#subscribers.pattern.size;
  }

  channelCount(kind: 'channel' | 'shard'): number {
    return this.#subscribers[kind].size;
  }

  subscriberCount(kind: 'channel' | 'shard', channel: string): number {
    return this.#subscribers[kind].get(channel)?.size ?? 0;
  }

  channels(kind: 'channel' | 'shard'): Iterable<string> {
    return this.#subscribers[kind].keys();
  }

  // -- inside

  #deliver(session: Session, frame: ReplyWriter): void {
    // A receiver over its limit is closed, and with that leaves the set that is being walked: a Set allows it.
    if (!this.#node.limits.admitsPush(session, frame.length)) return;
    this.#node.outbox.push(session).raw(frame.block, 0, frame.length);
    this.#node.outbox.relieve(session);
  }

  #add(session: Session, kind: SubscriptionKind, name: string): void {
    const all = this.#subscribers[kind];
    let sessions = all.get(name);
    if (sessions === undefined) {
      sessions = new Set();
      all.set(name, sessions);
      if (kind === 'pattern') this.#compiled.set(name, new GlobPattern(Block.of(name), 0, name.length));
    }
    sessions.add(session);
  }

  #leave(session: Session, kind: SubscriptionKind, name: string): void {
    const own = session.subscriptions;
    if (own === undefined || !own[kind].delete(name)) return;
    own.bytes -= SUBSCRIPTION_BYTES + name.length;
    const sessions = this.#subscribers[kind].get(name);
    sessions?.delete(session);
    if (sessions === undefined || sessions.size > 0) return;
    this.#subscribers[kind].delete(name);
    if (kind === 'pattern') this.#compiled.delete(name);
  }

  #settle(session: Session): void {
    const own = session.subscriptions;
    if (own === undefined || own.channel.size + own.pattern.size + own.shard.size > 0) return;
    session.subscriptions = undefined;
    session.modes &= ~Mode.SUBSCRIBED;
    this.#node.limits.account(session);
  }

  /** The reply to each name. It is a push in RESP3, and heard even when replies are muted. */
  #confirm(session: Session, kind: SubscriptionKind, word: string, name: string | undefined): void {
    const own = session.subscriptions;
    const out = session.unmuted ?? session.out;
    out.push(3);
    out.bulkText(word);
    if (name === undefined) out.nil();
    else out.bulkText(name);
    if (own === undefined) out.integer(0);
    else out.integer(kind === 'shard' ? own.shard.size : own.channel.size + own.pattern.size);
  }
}
