/**
 * Faults that wait for the protocol: programs mark the places that matter ('accept', 'commit', 'release'), and a seed aims at
 * some of these names, with a probability of its own for each and at whom. What happens at the third 'accept' depends on the
 * seed and on that alone, not on what was drawn elsewhere, so that a fault can be left out and the others stay.
 */
import { Random } from '../base/index.js';
import { chance, keyedFraction, mixed, pick, spread, stream, textHash } from './draws.js';
import {
  type Cast,
  type Fault,
  type FaultKind,
  type LinkFault,
  type LinkShape,
  linkFault,
} from './faults.js';
import type { Settings } from './settings.js';

/** A fault comes this late after its mark, at most, where it does not come at once. */
const MAX_DELAY_MS = 30;
/** The seed's choice for one name. */
interface Rule {
  readonly key: number;
  readonly probability: number;
}

const HOST_ACTIONS: readonly FaultKind[] = ['crash', 'pause', 'suspend', 'disk-slow', 'disk-error', 'late'];
const LINK_ACTIONS: readonly LinkFault[] = ['cut', 'clog', 'slow'];
const SHAPES: readonly LinkShape[] = ['isolate', 'inbound', 'outbound', 'pair'];

/** Says what happens at a mark. */
export interface Aiming {
  /** The fault for the mark that was made for the `count`th time, by that host; undefined: none. */
  at(
    name: string,
    count: number,
    host: number,
    peer: number | undefined,
    nowMs: number,
    cast: Cast,
  ): Fault | undefined;
}

/** For scenarios: faults whose id is the mark they wait for, 'won@3'. */
export class ScriptedAim implements Aiming {
  readonly #faults: ReadonlyMap<string, Fault>;

  constructor(faults: readonly Fault[]) {
    this.#faults = new Map(faults.map((fault) => [fault.id, fault]));
  }

  at(name: string, count: number): Fault | undefined {
    return this.#faults.get(`${name}@${count}`);
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
    this.#actions = [...HOST_ACTIONS, ...LINK_ACTIONS].filter((kind) => settings.kinds.includes(kind));
  }

  at(
    name: string,
    count: number,
    host: number,
    peer: number | undefined,
    nowMs: number,
    cast: Cast,
  ): Fault | undefined {
    const rule = this.#ruleFor(name);
    if (rule === undefined || keyedFraction(this.#seed, rule.key, count) >= rule.probability)
      return undefined;
    const random = new Random(mixed(mixed(this.#seed, rule.key), count + 0x51ed));
    const { leastDurationMs, mostDurationMs } = this.#settings;
    const isAtOnce = chance(random, 0.7);
    const time = {
      id: `${name}@${count}`,
      atMs: isAtOnce ? nowMs : nowMs + random.below(MAX_DELAY_MS),
      durationMs: Math.round(spread(random, leastDurationMs, mostDurationMs)),
    };
    const kind = pick(random, this.#actions);
    const target = peer !== undefined && chance(random, 0.3) ? peer : host;
    if ((LINK_ACTIONS as readonly string[]).includes(kind)) {
      const other = target === host ? peer : host;
      return linkFault(random, kind as LinkFault, pick(random, SHAPES), target, other, cast, time);
    }
    return { ...time, kind: kind as Exclude<FaultKind, LinkFault>, hosts: [target], byMs: 0 };
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
