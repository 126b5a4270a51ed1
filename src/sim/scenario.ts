/**
 * Scenarios in text: a quiet world in which only what is written goes wrong, with what must be seen, and below a line of dashes
 * the trace that it had when somebody looked at it.
 *
 *   # comments
 *   nodes 3                        clients, seed, seconds, mutant NAME alike
 *   set delayUs 5000               a setting of the world
 *   show note fault mark           what the trace below keeps; this is the default, with start, crash and heal
 *   at 500 cut n1 | n2 n3          '->' cuts one way
 *   at 700 crash n1 for 1000       without 'for' until the end of faults
 *   at 900 jump n2 by -60000
 *   on won@2 pause n1 for 500      when that mark is made for the second time, at once
 *   heal 9000                      the end of faults, else at the end
 *   expect n2 note works in term   a line of that node and kind with these words, later than what was expected before
 *   never n3 fact works            none in the whole run
 *
 * Times are in ms. Every fault kind of faults.ts can be named.
 */
import { assert } from '../base/index.js';
import { FAULT_KINDS, type Fault, type FaultKind, isLinkKind } from './faults.js';
import type { Experiment } from './program.js';
import { namesOf, runScript } from './run.js';
import type { Settings } from './settings.js';

const SHOWN = ['start', 'crash', 'note', 'mark', 'fault', 'heal', 'VIOLATED'];
const DASHES = /^-{3,}$/;

const QUIET: Settings = {
  nodes: 3,
  clients: 0,
  delayUs: 1000,
  tailPermille: 0,
  tailFactor: 1,
  lossPermille: 0,
  twicePermille: 0,
  keepsOrder: true,
  cutsInFlight: false,
  diskUs: 1000,
  driftPermille: 0,
  latePermille: 0,
  lateMs: 1000,
  kinds: [],
  everyMs: 1000,
  leastDurationMs: 0,
  mostDurationMs: 0,
  maxActive: 0,
  aimPermille: 0,
  aimKinds: [],
};

interface Expectation {
  readonly line: number;
  readonly isNever: boolean;
  readonly node: string;
  readonly what: string;
  readonly words: string;
}

interface Scenario {
  readonly settings: Settings;
  readonly seed: number;
  readonly lengthMs: number;
  readonly healAtMs: number;
  readonly mutants: ReadonlySet<string>;
  readonly shown: ReadonlySet<string>;
  readonly faults: readonly Fault[];
  readonly faultsAtMarks: readonly Fault[];
  readonly expectations: readonly Expectation[];
}

/** The text with the trace that it has now, and what was expected and not seen. */
export interface PlayedScenario {
  readonly text: string;
  readonly problems: readonly string[];
}

export function playScenario<M, D, F>(experiment: Experiment<M, D, F>, text: string): PlayedScenario {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => DASHES.test(line));
  const head = (end === -1 ? lines : lines.slice(0, end)).join('\n').trimEnd();
  const scenario = readScenario(head);
  const trace: TraceColumns[] = [];
  runScript(experiment, {
    ...scenario,
    isStrict: true,
    trace: (line) => trace.push(columnsOf(line)),
  });
  const shown = trace.filter(({ what }) => scenario.shown.has(what)).map(({ line }) => line);
  return {
    text: `${head}\n---\n${shown.join('\n')}\n`,
    problems: [...problemsOf(scenario.expectations, trace)],
  };
}

interface TraceColumns {
  readonly line: string;
  readonly node: string;
  readonly what: string;
  readonly details: string;
}

function columnsOf(line: string): TraceColumns {
  const [, , node, what, details] = /^ *(\S+) +(\S+) +(\S+) *(.*)$/.exec(line) ?? [];
  return { line, node, what, details };
}

function* problemsOf(
  expectations: readonly Expectation[],
  trace: readonly TraceColumns[],
): Generator<string> {
  let from = 0;
  for (const { line, isNever, node, what, words } of expectations) {
    const isIt = (one: TraceColumns): boolean =>
      one.node === node && one.what === what && one.details.includes(words);
    if (isNever) {
      const seen = trace.find(isIt);
      if (seen !== undefined) yield `line ${line}: must never be seen: ${seen.line}`;
      continue;
    }
    const at = trace.findIndex((one, index) => index >= from && isIt(one));
    if (at === -1) yield `line ${line}: '${node} ${what} ${words}' was not seen`;
    else from = at + 1;
  }
}

function readScenario(head: string): Scenario {
  const reader = new ScenarioReader();
  for (const [index, raw] of head.split('\n').entries()) {
    const line = raw.replace(/#.*$/, '').trim();
    if (line !== '') reader.read(line, index + 1);
  }
  return reader.result();
}

type FaultLine = readonly [line: number, words: readonly string[]];

class ScenarioReader {
  readonly #numbers: Record<'nodes' | 'clients' | 'seed' | 'seconds', number> = {
    nodes: QUIET.nodes,
    clients: QUIET.clients,
    seed: 1,
    seconds: 10,
  };
  #settings: Settings = QUIET;
  #healMs: number | undefined;
  #shown: readonly string[] = SHOWN;
  readonly #mutants = new Set<string>();
  readonly #faults: FaultLine[] = [];
  readonly #faultsAtMarks: FaultLine[] = [];
  readonly #expectations: Expectation[] = [];

  read(text: string, line: number): void {
    const [verb, ...words] = text.split(/\s+/);
    const [first = '', second = ''] = words;
    if (Object.hasOwn(this.#numbers, verb)) {
      this.#numbers[verb as 'nodes'] = numberOf(first, line);
    } else if (verb === 'set') {
      const isNumber = Object.hasOwn(QUIET, first) && typeof QUIET[first as keyof Settings] === 'number';
      assert(isNumber, `line ${line}: '${first}' is no setting with a number`);
      this.#settings = { ...this.#settings, [first]: numberOf(second, line) };
    } else if (verb === 'mutant') this.#mutants.add(first);
    else if (verb === 'show') this.#shown = words;
    else if (verb === 'heal') this.#healMs = numberOf(first, line);
    else if (verb === 'at') this.#faults.push([line, words]);
    else if (verb === 'on') this.#faultsAtMarks.push([line, words]);
    else {
      const isKnown = verb === 'expect' || verb === 'never';
      assert(isKnown, `line ${line}: '${verb}' is no verb of scenarios; src/sim/scenario.ts lists them`);
      const said = { node: first, what: second, words: words.slice(2).join(' ') };
      this.#expectations.push({ line, isNever: verb === 'never', ...said });
    }
  }

  result(): Scenario {
    const { nodes, clients, seed, seconds } = this.#numbers;
    const lengthMs = seconds * 1000;
    const healAtMs = this.#healMs ?? lengthMs;
    const names = [...namesOf('n', nodes), ...namesOf('c', clients)];
    return {
      settings: { ...this.#settings, nodes, clients },
      seed,
      lengthMs,
      healAtMs,
      mutants: this.#mutants,
      shown: new Set(this.#shown),
      faults: this.#faults.map(([line, words], index) =>
        faultOf(words.slice(1), `s${index + 1}`, numberOf(words[0], line), line, names, nodes, healAtMs),
      ),
      faultsAtMarks: this.#faultsAtMarks.map(([line, [mark, ...words]]) => {
        assert(/@\d+$/.test(mark), `line ${line}: '${mark}' names no mark and its count: 'won@2'`);
        return faultOf(words, mark, 0, line, names, nodes, healAtMs);
      }),
      expectations: this.#expectations,
    };
  }
}

/** ['cut', 'n1', '|', 'n2', 'for', '1000'] */
function faultOf(
  words: readonly string[],
  id: string,
  atMs: number,
  line: number,
  names: readonly string[],
  nodes: number,
  healMs: number,
): Fault {
  const rest = [...words];
  const option = (name: string): number | undefined => {
    const at = rest.indexOf(name);
    return at === -1 ? undefined : numberOf(rest.splice(at, 2)[1], line);
  };
  const kind = rest.shift() as FaultKind;
  assert(FAULT_KINDS.includes(kind), `line ${line}: '${kind}' is none of ${FAULT_KINDS.join(', ')}`);
  const durationMs = option('for') ?? Math.max(0, healMs - atMs);
  const byMs = option('by') ?? 0;
  const hostOf = (name: string): number => {
    const host = names.indexOf(name);
    assert(host !== -1, `line ${line}: '${name}' is none of ${names.join(', ')}`);
    return host;
  };
  const time = { id, atMs, durationMs };
  if (!isLinkKind(kind)) {
    const isAll = kind === 'restart-many' && rest.length === 0;
    return { ...time, kind, hosts: isAll ? names.slice(0, nodes).map(hostOf) : rest.map(hostOf), byMs };
  }
  const middle = rest.findIndex((word) => word === '|' || word === '->');
  assert(middle > 0, `line ${line}: say between whom: 'n1 | n2 n3', or 'n1 -> n2' for one way`);
  const links: number[] = [];
  for (const left of rest.slice(0, middle).map(hostOf)) {
    for (const right of rest.slice(middle + 1).map(hostOf)) {
      links.push(left * names.length + right);
      if (rest[middle] === '|') links.push(right * names.length + left);
    }
  }
  return { ...time, kind, links, words: rest.join(' ') };
}

function numberOf(word: string, line: number): number {
  const value = Number(word);
  assert(word !== '' && word !== undefined && Number.isFinite(value), `line ${line}: '${word}' is no number`);
  return value;
}
