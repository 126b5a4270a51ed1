/**
 * Faults that wait for the protocol: programs mark the places that matter ('accept', 'commit', 'release'), and a seed aims at
 * some of these names, with a probability of its own for each and at whom. What happens at the third 'accept' depends on the
 * seed and on that alone, not on what was drawn elsewhere, so that a fault can be left out and the others stay.
 */
import { Random } from '../base/index.js';
import { chance, keyedFraction, mixed, pick, spread, stream, textHash } from './draws.js';
import { type Cast, type Fault, type FaultKind, isLinkKind, type LinkShape, linkFault } from './faults.js';
import type { Settings } from './settings.js';

/** A fault comes this late after its mark, at most, where it does not come at once. */
const MAX_DELAY_MS = 1000;
/** How often two faults come together: a cut and a crash find what neither does. */
const TWO_FAULTS = 0.4;
const NONE: readonly Fault[] = [];
/** The seed's choice for one name. */
interface Rule {
  readonly key: number;
  readonly probability: number;
}

const SHAPES: readonly LinkShape[] = ['isolate', 'inbound', 'outbound', 'pair'];

/** Says what happens at a mark. */
export interface Aiming {
  /** The faults, mostly none, for the mark that was made for the `count`th time, by that host. */
  at(
    name: string,
    count: number,
    host: number,
    peer: number | undefined,
    nowMs: number,
    cast: Cast,
  ): readonly Fault[];
}

/** For scenarios: faults whose id is the mark they wait for, 'won@3'. */
export class ScriptedAim implements Aiming {
  readonly #faults: ReadonlyMap<string, Fault>;

  constructor(faults: readonly Fault[]) {
    this.#faults = new Map(faults.map((fault) => [fault.id, fault]));
  }

  at(name: string, count: number): readonly Fault[] {
    const fault = this.#faults.get(`${name}@${count}`);
    return fault === undefined ? NONE : [fault];
  }
}

export class Aim implements Aiming {
  readonly #seed: number;
  readonly #settings: Settings;
  readonly #actions: readonly FaultKind[];
  readonly #rules = new Map<string, Rule | undefined>();

  constructor(seed: number, settings: Settings) {
    this.#seed = seed;
    this.#settings = settings;
    this.#actions = settings.aimKinds;
  }

  at(
    name: string,
    count: number,
    host: number,
    peer: number | undefined,
    nowMs: number,
    cast: Cast,
  ): readonly Fault[] {
    const rule = this.#ruleFor(name);
    if (rule === undefined || keyedFraction(this.#seed, rule.key, count) >= rule.probability) return NONE;
    const random = new Random(mixed(mixed(this.#seed, rule.key), count + 0x51ed));
    const first = this.#draw(random, `${name}@${count}`, host, peer, nowMs, cast);
    if (!chance(random, TWO_FAULTS)) return [first];
    return [first, this.#draw(random, `${name}@${count}+`, host, peer, nowMs, cast)];
  }

  #draw(
    random: Random,
    id: string,
    host: number,
    peer: number | undefined,
    nowMs: number,
    cast: Cast,
  ): Fault {
    const { leastDurationMs, mostDurationMs } = this.#settings;
    const isAtOnce = chance(random, 0.7);
    const time = {
      id,
      atMs: isAtOnce ? nowMs : nowMs + spread(random, 1, MAX_DELAY_MS),
      durationMs: Math.round(spread(random, leastDurationMs, mostDurationMs)),
    };
    const kind = pick(random, this.#actions);
    const target = peer !== undefined && chance(random, 0.3) ? peer : host;
    if (isLinkKind(kind)) {
      const other = target === host ? peer : host;
      return linkFault(random, kind, pick(random, SHAPES), target, other, cast, time);
    }
    return { ...time, kind, hosts: [target], byMs: 0 };
  }

  #ruleFor(name: string): Rule | undefined {
    if (this.#rules.has(name)) return this.#rules.get(name);
    const random = stream(this.#seed, `aim ${name}`);
    const isAimed = this.#actions.length > 0 && chance(random, this.#settings.aimPermille / 1000);
    const rule = isAimed ? { key: textHash(name), probability: spread(random, 0.003, 0.5) } : undefined;
    this.#rules.set(name, rule);
    return rule;
  }
}
