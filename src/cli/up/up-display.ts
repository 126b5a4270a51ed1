/**
 * Looks at the cluster each second and shows what it sees: a block at the bottom of a terminal, or lines of text now and then.
 * Whoever subscribes to the channel nuthatch:status shows the block instead, between other things.
 */
import diagnostics from 'node:diagnostics_channel';

import { summarize } from '../cluster/cluster-summary.js';
import { type ClusterView, isExpected, viewCluster } from '../cluster/cluster-view.js';
import type { Paint } from '../cluster/paint.js';
import { entryText } from '../cluster/ring-text.js';
import { clockText, type HistoryEntry, mainEntries, mergeTimelines } from '../cluster/timeline.js';
import type { Access } from '../flag-reader.js';
import type { Screen } from '../screen.js';
import { UP_HOST } from './up-options.js';
import { type NodeRate, type NodeReading, rateOf, readingOf } from './up-readings.js';
import { portsOf, type UpFacts, upBlock, upLine } from './up-text.js';

/** Told each time what there is to show on a terminal, as a function of the room for it: see `UpBlock`. */
const status = diagnostics.channel('nuthatch:status');

const LOOK_EVERY_MS = 1000;
/** Where there is no terminal, a line so often. */
const LINE_EVERY_MS = 10_000;

/** Lines narrower than `columns`, and fewer than `rows`. */
export type UpBlock = (columns: number, rows: number) => string;

export interface UpDisplayOptions {
  readonly ports: readonly number[];
  readonly access: Access;
  readonly screen: Screen;
  readonly paint: Paint;
  /** Of the nodes, in the order of the ports. */
  readonly pids: () => readonly (number | undefined)[];
  readonly hint: string;
  /** Told what is seen each time. */
  readonly looked: (facts: UpFacts) => void;
}

export class UpDisplay {
  readonly #options: UpDisplayOptions;
  readonly #readings = new Map<string, NodeReading>();
  #timer: NodeJS.Timeout | undefined;
  #isEnded = false;
  #lineAtMs = 0;
  /** Entries up to here were printed, by time. */
  #toldMs = Date.now();

  constructor(options: UpDisplayOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#look();
  }

  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#options.screen.live('');
  }

  async #look(): Promise<void> {
    const view = await this.#view();
    if (this.#isEnded) return;
    if (view !== undefined) this.#show(view);
    this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }

  /** As the first node sees it that answers. */
  async #view(): Promise<ClusterView | undefined> {
    const { ports, access } = this.#options;
    for (const port of ports) {
      try {
        return await viewCluster(
          { host: UP_HOST, port, password: access.password, tls: access.tls },
          { info: true },
        );
      } catch (error) {
        if (!isExpected(error)) throw error;
      }
    }
    return undefined;
  }

  #show(view: ClusterView): void {
    const { screen, paint, ports, pids, hint, looked } = this.#options;
    const nowMs = performance.now();
    const rates = new Map<string, NodeRate>();
    for (const { node, info, asked } of view.nodes) {
      if (info === undefined) continue;
      const reading = readingOf(info, nowMs);
      rates.set(node, rateOf(this.#readings.get(node), reading, asked));
      this.#readings.set(node, reading);
    }
    const running = pids();
    const pidOf = new Map(ports.map((port, i) => [port, running[i]]));
    const facts: UpFacts = {
      summary: summarize(view),
      history: mergeTimelines(view.nodes),
      rates,
      pids: new Map(
        view.nodes.map(({ node, address }) => [node, pidOf.get(Number(address.split(':').at(-1)))]),
      ),
      nowMs: Date.now(),
      hint,
    };
    looked(facts);
    const block: UpBlock = (columns, rows) => upBlock(facts, columns, rows, paint);
    if (!screen.isTerminal) this.#print(facts, nowMs);
    else if (status.hasSubscribers) status.publish(block);
    else screen.live(block(screen.columns, screen.rows));
  }

  #print(facts: UpFacts, nowMs: number): void {
    const { screen } = this.#options;
    const ports = portsOf(facts.summary);
    for (const entry of this.#news(mainEntries(facts.history)))
      screen.print(`${clockText(entry.atMs, facts.nowMs)}  ${entryText(entry, ports)}\n`);
    if (nowMs < this.#lineAtMs) return;
    this.#lineAtMs = nowMs + LINE_EVERY_MS;
    screen.print(`${upLine(facts)}\n`);
  }

  #news(history: readonly HistoryEntry[]): HistoryEntry[] {
    const news = history.filter(({ atMs }) => atMs > this.#toldMs);
    this.#toldMs = Math.max(this.#toldMs, ...news.map(({ atMs }) => atMs));
    return news;
  }
}
