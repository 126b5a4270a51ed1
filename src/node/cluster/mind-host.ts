/**
 * Everything of a node that lives beside its main thread, put together: meta folder, bus, mind, streams of replication and publications.
 *
 *   start ──> folder locked, life begun ──> bus listens ──> mind ──ticks──> close: left, disk idle, bus closed, folder released
 *     └ the folder or the port is refused: rejects with what to do, and leaves nothing open
 *
 * No thread and no timer in it: mind-worker.ts gives it both, tests give it what they like.
 */
import { randomInt } from 'node:crypto';
import { Random } from '../../base/index.js';
import type { NodeId, NodeLife, TopologyNode } from '../../ring/index.js';
import { Bus } from '../bus/bus.js';
import { ClusterSecret } from '../bus/cluster-secret.js';
import { MetaFolder } from '../meta/meta-folder.js';
import type { Log } from '../options.js';
import { hostClocks } from './host-clocks.js';
import { MessageStreams } from './message-streams.js';
import { type DriverEvents, MindDriver } from './mind-driver.js';
import type { MindStatus } from './mind-status.js';
import { publicationCount } from './publication-codec.js';
import { PublicationFan } from './publication-fan.js';
import type { SharedCell } from './shared-cell.js';
import { PUBLICATIONS, REPLICATION } from './stream-form.js';
import type { MindPlace } from './thread-messages.js';

/** To be ticked so often, in ms. */
export const TICK_MS = 50;
/** A main thread that says nothing for so long hangs, in ms: ten times what it usually takes. */
const HUNG_MS = 1_000;
const SEEDS = 2 ** 32;

export interface HostEvents extends DriverEvents {
  /** Takes a message of replication, which is given away; false: there is no room for it. */
  replication(from: NodeLife, message: Uint8Array<ArrayBuffer>): boolean;
  /** A part of a large one has come. */
  arriving(from: NodeLife): void;
  /** Takes a batch of publications, which is given away; false: there is no room for it. */
  publications(from: NodeId, batch: Uint8Array<ArrayBuffer>): boolean;
  /** So many more, each counted for each node that does not get it. */
  publicationsDropped(count: number): void;
}

export class MindHost {
  readonly self: TopologyNode;
  readonly driver: MindDriver;
  readonly #bus: Bus;
  readonly #folder: MetaFolder;
  readonly #streams: MessageStreams;
  readonly #publications: MessageStreams;
  readonly #fan: PublicationFan;
  readonly #events: HostEvents;
  readonly #cell: SharedCell;
  #beats = 0;
  #beatAtMs: number | undefined;

  /** Rejects with the reason, which says what to do about it. */
  static async start(place: MindPlace, cell: SharedCell, log: Log, events: HostEvents): Promise<MindHost> {
    const secret = new ClusterSecret(place.secret);
    const folder = await MetaFolder.open(place.folder);
    let host: MindHost | undefined;
    const bus = new Bus({
      node: folder.node,
      secret,
      random: new Random(randomInt(SEEDS)),
      log,
      cluster: () => host?.driver.clusterId,
      addressOf: (node) => host?.driver.addressOf(node),
      events: {
        // What comes before there is a mind is lost, as it may be.
        message: (from, message) => host?.driver.receive(from, message),
        stream: (from, stream, purpose) => {
          if (host === undefined) stream.destroy();
          else if (purpose === 'publications') host.#publications.accept(from, stream);
          else host.#streams.accept(from, stream);
        },
      },
    });
    let busPort: number;
    try {
      busPort = await bus.listen({ ...place.bus, announced: place.host });
    } catch (error) {
      await folder.close();
      throw listenProblem(error as Error, place);
    }
    const { node, incarnation } = folder;
    const { host: announced, port, zone, holdsData } = place;
    const self = { node, incarnation, host: announced, port, busPort, zone, holdsData };
    host = new MindHost(self, place, bus, folder, cell, log, events);
    return host;
  }

  private constructor(
    self: TopologyNode,
    { seeds }: MindPlace,
    bus: Bus,
    folder: MetaFolder,
    cell: SharedCell,
    log: Log,
    events: HostEvents,
  ) {
    this.self = self;
    this.#bus = bus;
    this.#folder = folder;
    this.#cell = cell;
    this.driver = new MindDriver({
      self,
      saved: folder.saved,
      disk: folder,
      bus,
      clocks: hostClocks,
      random: new Random(randomInt(SEEDS)),
      seeds,
      cell,
      log,
      events,
    });
    this.#events = events;
    const common = {
      life: self.incarnation,
      cluster: () => this.driver.clusterId,
      random: new Random(randomInt(SEEDS)),
      log,
    };
    this.#streams = new MessageStreams({
      ...common,
      form: REPLICATION,
      open: (to) => bus.openStream(to, REPLICATION.purpose),
      take: (from, message) => events.replication(from, message),
      arriving: (from) => events.arriving(from),
      settled: () => {},
    });
    this.#fan = new PublicationFan((to, batch) => this.#publications.send(to, batch));
    this.#publications = new MessageStreams({
      ...common,
      form: PUBLICATIONS,
      open: (to) => bus.openStream(to, PUBLICATIONS.purpose),
      take: ({ node }, batch) => {
        // Who publishes more than is taken here keeps its stream: what comes next may find room.
        if (!events.publications(node, batch)) events.publicationsDropped(publicationCount(batch));
        return true;
      },
      arriving: () => {},
      settled: (batch, isSent) => this.#fan.settled(batch, isSent),
    });
  }

  tick(): void {
    const { monotonicMs } = hostClocks();
    this.#bus.tick(monotonicMs);
    this.#streams.tick(monotonicMs);
    this.#publications.tick(monotonicMs);
    const dropped = this.#fan.takeDropped();
    if (dropped > 0) this.#events.publicationsDropped(dropped);
    this.driver.tick(this.#isMainHung(monotonicMs));
  }

  /** Given away; it may be lost. */
  sendReplication(to: NodeId, message: Uint8Array): void {
    this.#streams.send(to, message);
  }

  /** Given away; it may be lost on its way to each of them. */
  sendPublications(to: readonly NodeId[], batch: Uint8Array): void {
    this.#fan.send(to, batch);
  }

  status(): MindStatus {
    return {
      ...this.driver.status(),
      links: this.#bus.links.map(({ target: to, isOpen, queue }) => {
        return { to, isOpen, queuedMessages: queue.length, dropped: queue.dropped };
      }),
      queuedBytes: this.#bus.queuedBytes,
      streams: this.#streams.statuses,
    };
  }

  /** Closes everything. Who leaves tells the others; else they find out, as after a crash. */
  async close(leaves: boolean): Promise<void> {
    if (leaves) this.driver.leave();
    await this.driver.idle();
    this.#streams.close();
    this.#publications.close();
    await this.#bus.close();
    await this.#folder.close();
  }

  #isMainHung(nowMs: number): boolean {
    const { beats } = this.#cell;
    if (beats !== this.#beats || this.#beatAtMs === undefined) {
      this.#beats = beats;
      this.#beatAtMs = nowMs;
    }
    return nowMs - this.#beatAtMs >= HUNG_MS;
  }
}

function listenProblem(error: Error, { bus: { host, port } }: MindPlace): Error {
  const { code } = error as NodeJS.ErrnoException;
  const what = `the bus cannot listen on port ${port} of ${host}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: `${what}, which is taken by another program: give this node another bus port`,
    EACCES: `${what}, which this user may not do: give this node a bus port from 1024 on`,
    EADDRNOTAVAIL: `${what}, which is no address of this machine: give the address of one of its networks`,
    ENOTFOUND: `${what}, which stands for no address: give an address, such as 127.0.0.1`,
  };
  const reason = code === undefined ? undefined : reasons[code];
  return reason === undefined ? error : Object.assign(new Error(reason, { cause: error }), { code });
}
