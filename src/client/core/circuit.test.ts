import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../base/index.js';
import { Circuit, circuitDefaults } from './circuit.js';

const { maxFailuresInRow, minCalls, windowMs, firstPauseMs, mostPauseMs, probeMs } = circuitDefaults;

function newCircuit(seed = 1): Circuit {
  return new Circuit(0, new Random(seed));
}

/** Calls that fail one after the other, until the circuit opens or there were as many as given. */
function failAt(circuit: Circuit, nowMs: number, count = maxFailuresInRow): void {
  for (let i = 0; i < count; i++) circuit.failed(circuit.admits(nowMs), nowMs);
}

/** When an open circuit first lets a call through: a probe that is then under way. */
function probeTime(circuit: Circuit, fromMs: number): [ticket: number, atMs: number] {
  for (let nowMs = fromMs; nowMs <= fromMs + mostPauseMs; nowMs++) {
    const ticket = circuit.admits(nowMs);
    if (ticket !== 0) return [ticket, nowMs];
  }
  throw new Error('no probe within the longest pause');
}

test('failures in a row open it, a success between them does not let them add up', () => {
  const circuit = newCircuit();
  for (let i = 0; i < 5; i++) {
    // So many successes that the share is no reason either.
    for (let j = 0; j < 2 * maxFailuresInRow; j++) circuit.succeeded(circuit.admits(i), i);
    failAt(circuit, i, maxFailuresInRow - 1);
  }
  assert.equal(circuit.state, 'closed');
  failAt(circuit, 5, 1);
  assert.equal(circuit.state, 'open');
  assert.equal(circuit.admits(5), 0, 'reads go round the node at once');
  assert.equal(circuit.opens, 1);
});

test('a share of failures in the window opens it, though none are in a row', () => {
  const circuit = newCircuit();
  let nowMs = 0;
  for (let calls = 2; calls <= minCalls; calls += 2, nowMs += 100) {
    assert.equal(circuit.state, 'closed', `${calls - 2} calls`);
    circuit.succeeded(circuit.admits(nowMs), nowMs);
    circuit.failed(circuit.admits(nowMs), nowMs);
  }
  assert.equal(circuit.state, 'open');
});

test('failures that left the window count no more', () => {
  const circuit = newCircuit();
  for (let i = 0; i < 10 * minCalls; i++) {
    // Alternating, but so slowly that the window never holds enough calls.
    const nowMs = (i * 1.2 * windowMs) / minCalls;
    if (i % 2 === 0) circuit.succeeded(circuit.admits(nowMs), nowMs);
    else circuit.failed(circuit.admits(nowMs), nowMs);
  }
  assert.equal(circuit.state, 'closed');
});

test('after the pause one probe at a time, and its success closes it', () => {
  const circuit = newCircuit();
  failAt(circuit, 0);
  const [ticket, atMs] = probeTime(circuit, 0);
  assert.ok(atMs >= firstPauseMs / 2 && atMs <= firstPauseMs, `${atMs}`);
  assert.equal(circuit.state, 'half-open');
  assert.equal(circuit.admits(atMs + 1), 0, 'the probe is under way');
  circuit.succeeded(ticket, atMs + 2);
  assert.equal(circuit.state, 'closed');
  failAt(circuit, atMs + 3, maxFailuresInRow - 1);
  assert.equal(circuit.state, 'closed', 'failures from before are forgotten');
});

test('pauses grow with each failed probe up to a bound, and are short again after a quiet window', () => {
  const circuit = newCircuit();
  failAt(circuit, 0);
  let openedMs = 0;
  let wholeMs = firstPauseMs;
  for (let probe = 0; probe < 8; probe++) {
    const [ticket, atMs] = probeTime(circuit, openedMs);
    const pauseMs = atMs - openedMs;
    assert.ok(pauseMs >= wholeMs / 2 && pauseMs <= wholeMs, `pause ${probe}: ${pauseMs}`);
    circuit.failed(ticket, atMs);
    assert.equal(circuit.state, 'open');
    openedMs = atMs;
    wholeMs = Math.min(mostPauseMs, wholeMs * 2);
  }
  const [ticket, atMs] = probeTime(circuit, openedMs);
  circuit.succeeded(ticket, atMs);
  failAt(circuit, atMs + 1);
  const [again, againMs] = probeTime(circuit, atMs + 1);
  assert.ok(againMs - atMs > mostPauseMs / 2, 'it has not stayed closed for long');
  circuit.succeeded(again, againMs);
  failAt(circuit, againMs + windowMs);
  const [, lastMs] = probeTime(circuit, againMs + windowMs);
  assert.ok(lastMs - againMs - windowMs <= firstPauseMs);
});

test('two processes do not probe together', () => {
  const times = [1, 2, 3, 4, 5].map((seed) => {
    const circuit = newCircuit(seed);
    failAt(circuit, 0);
    return probeTime(circuit, 0)[1];
  });
  assert.ok(new Set(times).size > 3, `${times}`);
});

test('reports of calls from an earlier state change nothing', () => {
  const circuit = newCircuit();
  const old = circuit.admits(0);
  failAt(circuit, 0);
  for (let i = 0; i < 100; i++) circuit.failed(old, 1);
  circuit.succeeded(old, 1);
  assert.equal(circuit.state, 'open');
  assert.equal(circuit.opens, 1);
  const [probe, atMs] = probeTime(circuit, 1);
  circuit.failed(old, atMs);
  circuit.succeeded(old, atMs);
  assert.equal(circuit.state, 'half-open');
  circuit.succeeded(probe, atMs);
  for (let i = 0; i < 100; i++) circuit.failed(probe, atMs);
  assert.equal(circuit.state, 'closed');
});

test('a probe that never reports gives way to another, and counts no more', () => {
  const circuit = newCircuit();
  failAt(circuit, 0);
  const [lost, atMs] = probeTime(circuit, 0);
  assert.equal(circuit.admits(atMs + probeMs - 1), 0);
  const next = circuit.admits(atMs + probeMs);
  assert.notEqual(next, 0);
  circuit.failed(lost, atMs + probeMs);
  assert.equal(circuit.state, 'half-open');
  circuit.succeeded(next, atMs + probeMs);
  assert.equal(circuit.state, 'closed');
});

test('hearing of the node ends the pause, not the need for a probe', () => {
  const circuit = newCircuit();
  circuit.heard(0);
  failAt(circuit, 0);
  circuit.heard(10);
  assert.equal(circuit.state, 'open');
  const probe = circuit.admits(10);
  assert.notEqual(probe, 0);
  circuit.heard(10);
  assert.equal(circuit.admits(10), 0, 'still one at a time');
  circuit.failed(probe, 11);
  assert.equal(circuit.admits(11), 0);
});

test('a ticket of another circuit is a defect', () => {
  assert.throws(() => newCircuit().succeeded(0, 0), /given by this circuit/);
  assert.throws(() => newCircuit().failed(99, 0), /given by this circuit/);
});
