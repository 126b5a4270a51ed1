import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../../base/index.js';
import { Circuit, type CircuitOptions } from './circuit.js';

const options: CircuitOptions = {
  maxFailuresInRow: 3,
  failureShare: 0.5,
  minCalls: 6,
  windowMs: 100,
  firstPauseMs: 20,
  mostPauseMs: 80,
  probeMs: 15,
};
const PART_MS = 10;

/** What a circuit is, from the whole history of calls and without a bound on it. */
class ModelCircuit {
  state: 'closed' | 'open' | 'half-open' = 'closed';
  era = 0;
  openedMs = 0;
  probeMs = 0;
  heardMs = Number.POSITIVE_INFINITY;
  #outcomes: [atMs: number, isFailure: boolean][] = [];

  report(era: number, nowMs: number, isFailure: boolean): void {
    if (era !== this.era || this.state === 'open') return;
    if (this.state === 'half-open') {
      this.#enter(isFailure ? 'open' : 'closed', nowMs);
      return;
    }
    this.#outcomes.push([nowMs, isFailure]);
    if (!isFailure) return;
    const newestPart = Math.floor(nowMs / PART_MS);
    const inWindow = this.#outcomes.filter(([atMs]) => newestPart - Math.floor(atMs / PART_MS) < 10);
    const failures = inWindow.filter(([, isFailure]) => isFailure).length;
    const isFailing =
      inWindow.length >= options.minCalls && failures >= inWindow.length * options.failureShare;
    const last = this.#outcomes.slice(-options.maxFailuresInRow);
    const isDown = last.length === options.maxFailuresInRow && last.every(([, isFailure]) => isFailure);
    if (isFailing || isDown) this.#enter('open', nowMs);
  }

  probe(nowMs: number): void {
    this.state = 'half-open';
    this.era++;
    this.probeMs = nowMs;
  }

  #enter(state: 'closed' | 'open', nowMs: number): void {
    this.state = state;
    this.era++;
    this.openedMs = nowMs;
    this.heardMs = Number.POSITIVE_INFINITY;
    this.#outcomes = [];
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('call' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant('report' as const), which: fc.nat(), isFailure: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30 }) }),
  },
  fc.record({ op: fc.constant('heard' as const) }),
);

test('every run of calls agrees with a model that keeps the whole history', () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: -200, max: 200 }),
      fc.array(step, { maxLength: 150, size: 'max' }),
      (seed, startMs, steps) => {
        let nowMs = startMs;
        const circuit = new Circuit(nowMs, new Random(seed), options);
        const model = new ModelCircuit();
        const calls: { ticket: number; era: number }[] = [];
        for (const step of steps) {
          switch (step.op) {
            case 'wait':
              nowMs += step.ms;
              break;
            case 'heard':
              circuit.heard(nowMs);
              if (model.state === 'open') model.heardMs = Math.min(model.heardMs, nowMs);
              break;
            case 'call': {
              const ticket = circuit.admits(nowMs);
              checkAdmission(model, ticket !== 0, nowMs);
              if (ticket === 0) break;
              if (model.state !== 'closed') model.probe(nowMs);
              calls.push({ ticket, era: model.era });
              break;
            }
            case 'report': {
              const call = calls[step.which % calls.length];
              if (call === undefined) break;
              if (step.isFailure) circuit.failed(call.ticket, nowMs);
              else circuit.succeeded(call.ticket, nowMs);
              model.report(call.era, nowMs, step.isFailure);
            }
          }
          assert.equal(circuit.state, model.state);
          reached.add(model.state);
        }
      },
    ),
    { numRuns: 1_000 },
  );
  assert.equal(reached.size, 3, 'the runs came through every state');
});

function checkAdmission(model: ModelCircuit, isAdmitted: boolean, nowMs: number): void {
  if (model.state === 'closed') assert.ok(isAdmitted);
  else if (model.state === 'half-open') assert.equal(isAdmitted, nowMs >= model.probeMs + options.probeMs);
  else if (model.heardMs <= nowMs) assert.ok(isAdmitted);
  else if (isAdmitted)
    assert.ok(nowMs >= model.openedMs + options.firstPauseMs / 2, 'not before half a pause');
  else assert.ok(nowMs < model.openedMs + options.mostPauseMs, 'not later than the longest');
}
