/**
 * Counts the caches that share something, by the channels to which they all subscribe at their servers.
 *
 *   ready    ──SUBSCRIBE channel, PUBLISH channel "joined"──> the others ask
 *   ask      ──PUBSUB NUMSUB channels──> heard             each ASK_MS, and soon after a message
 *   broken   what this server said no longer counts; the last server gone: silence
 *
 * Of several servers the one with the most subscribers is believed: some clients may not reach some servers. In a cluster they meet at the primaries of the
 * channels, and follow them.
 *
 * It has connections of its own. On the connection that carries values a subscription would change how the server bounds what
 * is unread (Redis and Nuthatch close a subscriber that has 32 MB to read), and large values would end it.
 *
 * It works alike on Nuthatch, Redis and Valkey. Without the right to subscribe nothing is heard.
 */
import type { Reply } from '../../resp/index.js';
import { utf8Text } from '../bulk-decoders.js';
import { Connection } from '../connection/connection.js';
import type { ConnectionEvent } from '../connection/connection-event.js';
import { ClientError } from '../errors.js';
import type { Timer, TimeSource } from '../time.js';
import type { EngineServer } from './engine-connection.js';
import { type NewsServers, PerServer } from './news-servers.js';

/** Who has died says no farewell: it is missed after so long. */
const ASK_MS = 2_000;
/** When many join at once each is asked about so often and no more. */
const SOON_MS = 100;
/** An answer that is later says nothing about now. */
const ANSWER_MS = 1_000;

export interface FleetListener {
  /** So many caches have the channel; this one is among them. */
  heard(channel: string, caches: number): void;
  /** No server can be asked. */
  silence(): void;
  /** A server refuses what this needs. */
  refused(error: ClientError): void;
}

export class Fleet {
  readonly #channels: readonly string[];
  readonly #listener: FleetListener;
  readonly #members: PerServer<FleetMember>;
  readonly #leave: () => void;

  /** Begins to connect to all of them. */
  constructor(servers: NewsServers, channels: readonly string[], listener: FleetListener, time: TimeSource) {
    this.#channels = channels;
    this.#listener = listener;
    const owner = { changed: () => this.#changed(), refused: listener.refused };
    this.#members = new PerServer((server) => new FleetMember(server, channels, time, owner));
    const follow = (): void => {
      for (const member of this.#members.keep(servers.meeting(channels))) member.connect();
    };
    this.#leave = servers.onChange(follow);
    follow();
  }

  close(): void {
    this.#leave();
    this.#members.close();
  }

  #changed(): void {
    const counts = this.#members.values.map((member) => member.counts).filter((each) => each !== undefined);
    if (counts.length === 0) {
      this.#listener.silence();
      return;
    }
    for (const channel of this.#channels) {
      this.#listener.heard(channel, Math.max(...counts.map((each) => each.get(channel) ?? 0)));
    }
  }
}

/** This cache at one server. */
class FleetMember {
  /** Subscribers of each channel, as the server said last; undefined: it cannot be asked. */
  counts: ReadonlyMap<string, number> | undefined;
  readonly #channels: readonly string[];
  readonly #time: TimeSource;
  readonly #owner: { changed(): void; refused(error: ClientError): void };
  readonly #connection: Connection;
  #timer: Timer | undefined;
  #isSoon = false;

  constructor(
    server: EngineServer,
    channels: readonly string[],
    time: TimeSource,
    owner: { changed(): void; refused(error: ClientError): void },
  ) {
    this.#channels = channels;
    this.#time = time;
    this.#owner = owner;
    this.#connection = new Connection({
      ...server,
      onEvent: (event) => this.#happened(event),
      onPush: ([kind]) => {
        if (kind === 'message') this.#askSoon();
      },
    });
  }

  connect(): void {
    this.#connection.connect();
  }

  close(): void {
    this.#connection.close();
  }

  #happened({ kind }: ConnectionEvent): void {
    this.#timer?.cancel();
    this.#isSoon = false;
    if (kind === 'ready') void this.#join();
    else if (this.counts !== undefined) {
      this.counts = undefined;
      this.#owner.changed();
    }
  }

  async #join(): Promise<void> {
    try {
      await Promise.all(this.#channels.map((channel) => this.#connection.subscribe(channel, ANSWER_MS)));
      const joined = this.#channels.map((channel) =>
        this.#connection.call(['PUBLISH', channel, 'joined'], ANSWER),
      );
      await Promise.all([...joined, this.#ask()]);
    } catch (error) {
      // A connection that is lost is made again.
      if (this.#connection.state !== 'ready' || !(error instanceof ClientError)) return;
      if (error.retryable) this.#later(() => void this.#join(), ASK_MS);
      else this.#owner.refused(error);
    }
  }

  #askSoon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    this.#askIn(SOON_MS);
  }

  #askIn(ms: number): void {
    this.#later(() => void this.#ask().catch(() => {}), ms);
  }

  #later(run: () => void, ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#time.later(run, ms, false);
  }

  async #ask(): Promise<void> {
    this.#isSoon = false;
    // It may have been lost or closed since the answer that led here.
    if (this.#connection.state !== 'ready') return;
    this.#askIn(ASK_MS);
    const reply = await this.#connection.call(['PUBSUB', 'NUMSUB', ...this.#channels], ANSWER);
    this.counts = countsOf(reply);
    this.#owner.changed();
  }
}

const ANSWER = Object.freeze({ deadlineMs: ANSWER_MS, decode: utf8Text });

/** Channels and their subscribers, by turns. */
function countsOf(reply: Reply<string>): Map<string, number> {
  const counts = new Map<string, number>();
  if (!Array.isArray(reply)) return counts;
  for (let at = 0; at + 1 < reply.length; at += 2) counts.set(String(reply[at]), Number(reply[at + 1]));
  return counts;
}
