/**
 * The network between hosts: for each link, in each direction, how long a message takes and whether it gets through.
 *
 *   link   from * hosts + to; counters of the faults that lie on it, since several may at once
 *   delay  base to twice the base; in the tail up to `tailFactor` times as much; 20 times on a slow link
 *   order  a seed may have links keep it: then none comes before one that was sent before it
 *
 * It knows nothing of messages; the world holds what a clog holds back.
 */
import { assert, type Random } from '../base/index.js';
import { LINK_FAULTS, type LinkFault } from './faults.js';
import type { Settings } from './settings.js';

const SLOW_FACTOR = 20;
/** On a lossy link, of a thousand. */
const LOSSY_PERMILLE = 400;
/** A second copy comes up to so much later. */
const TWICE_LATER_US = 3_000_000;
/** A message to the host itself. */
const LOOPBACK_US = 20;

export class Network {
  readonly #random: Random;
  readonly #hosts: number;
  readonly #faults: Readonly<Record<LinkFault, Uint16Array>>;
  /** When the last message of each link arrives. */
  readonly #lastArrivalUs: Float64Array;
  #settings: Settings;

  constructor(random: Random, hosts: number, settings: Settings) {
    this.#random = random;
    this.#hosts = hosts;
    this.#settings = settings;
    const counters = (): Uint16Array => new Uint16Array(hosts * hosts);
    this.#faults = { cut: counters(), clog: counters(), lossy: counters(), slow: counters() };
    this.#lastArrivalUs = new Float64Array(hosts * hosts);
  }

  begin(kind: LinkFault, links: readonly number[]): void {
    for (const link of links) this.#faults[kind][link]++;
  }

  end(kind: LinkFault, links: readonly number[]): void {
    for (const link of links) {
      assert(this.#faults[kind][link] > 0, `no ${kind} lies on link ${link}`);
      this.#faults[kind][link]--;
    }
  }

  /** From now on it is whole, quick, keeps the order as connections do, and loses nothing. */
  heal(): void {
    // Else what was sent in the worst of times holds up all that follows.
    this.#lastArrivalUs.fill(0);
    for (const kind of LINK_FAULTS) this.#faults[kind].fill(0);
    this.#settings = {
      ...this.#settings,
      tailPermille: 0,
      lossPermille: 0,
      twicePermille: 0,
      keepsOrder: true,
    };
  }

  has(kind: LinkFault, link: number): boolean {
    return this.#faults[kind][link] > 0;
  }

  /** Whether this message is lost by chance. */
  loses(link: number): boolean {
    if (this.#faults.lossy[link] > 0) return this.#random.below(1000) < LOSSY_PERMILLE;
    const { lossPermille } = this.#settings;
    return lossPermille > 0 && this.#random.below(1000) < lossPermille;
  }

  /** When a message sent now arrives. */
  arrivalUs(link: number, nowUs: number): number {
    const { delayUs, tailPermille, tailFactor, keepsOrder } = this.#settings;
    if (link % (this.#hosts + 1) === 0) return nowUs + LOOPBACK_US;
    let delay = delayUs + this.#random.below(delayUs);
    if (tailPermille > 0 && this.#random.below(1000) < tailPermille)
      delay *= 1 + this.#random.below(tailFactor);
    if (this.#faults.slow[link] > 0) delay *= SLOW_FACTOR;
    if (!keepsOrder) return nowUs + delay;
    const arrivalUs = Math.max(nowUs + delay, this.#lastArrivalUs[link]);
    this.#lastArrivalUs[link] = arrivalUs;
    return arrivalUs;
  }

  /** When a second copy of a message arrives; undefined, mostly: there is none. */
  twiceUs(nowUs: number): number | undefined {
    const { twicePermille } = this.#settings;
    if (twicePermille === 0 || this.#random.below(1000) >= twicePermille) return undefined;
    return nowUs + this.#random.below(TWICE_LATER_US);
  }
}
