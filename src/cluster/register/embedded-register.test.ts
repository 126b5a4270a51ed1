/** What the embedded register does, in stories told by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstCells } from './cells.testkit.js';
import { isKind, RegisterTable, set, settle, voters } from './register-table.testkit.js';

test('a lone voter begins, commits a change, and finds it again after a restart', () => {
  const table = new RegisterTable('a');
  const a = table.begin('a');
  assert.equal(table.leaders(), 'a');
  a.propose(set(0, 0, 7));
  assert.deepEqual(a.outcomes(), [{ kind: 'done', version: 2 }]);
  a.restart();
  table.pass(2500);
  assert.equal(a.register.committed?.cells[0], 7);
  assert.equal(a.begin(firstCells('two', ['a'], ['a'])), false);
});

test('a change is proposed anywhere, refused where it does not fit, and read by voters and learners', () => {
  const table = new RegisterTable('abcde');
  table.begin('abc');
  const e = table.seat('e');
  e.propose(set(0, 0, 7));
  e.propose(set(0, 0, 8));
  table.deliver();
  assert.deepEqual(e.outcomes(), [
    { kind: 'done', version: 2 },
    { kind: 'refused', version: 2, why: 'cell 0 is 7, not 0' },
  ]);
  for (const { register } of table.seats) assert.equal(register.committed?.cells[0], 7);
});

test('proposals that wait for the publication under way go in one batch, each whole or not at all', () => {
  const table = new RegisterTable('abc');
  const a = table.begin('abc');
  a.propose(set(0, 0, 1));
  a.propose([...set(1, 0, 1), ...set(2, 5, 6)]);
  a.propose(set(2, 0, 1));
  a.propose(set(3, 0, 1));
  const published = table.mail.filter(isKind('register/publish')).length;
  assert.equal(published, 2);
  table.deliver();
  assert.deepEqual(
    a.outcomes().map((outcome) => outcome.kind),
    ['done', 'refused', 'done', 'done'],
  );
  assert.deepEqual(a.register.committed?.cells, [1, 0, 1, 1]);
});

test('a change that waits for what voters report is published as soon as they have reported it', () => {
  const table = new RegisterTable('abc');
  const a = table.begin('abc');
  a.verdict = 'wait';
  a.propose(set(0, 0, 1));
  // No time passes: the leader asks at once.
  table.deliver(isKind('register/check'));
  a.verdict = 'publish';
  table.deliver();
  assert.equal(a.register.committed?.cells[0], 1);
});

test('who has the base gets the difference, others the whole', () => {
  const table = new RegisterTable('abcd');
  const a = table.begin('abc');
  const sent: string[] = [];
  table.isLost = ({ to, message }) => {
    if (message.kind === 'register/publish') sent.push(`${message.content.kind} to ${to}`);
    return to === 'c' && message.kind === 'register/committed';
  };
  a.propose(set(0, 0, 1));
  table.deliver();
  assert.deepEqual(sent, ['patch to b', 'patch to c']);
  sent.length = 0;
  table.cutOff('d');
  a.propose(set(0, 1, 2));
  table.deliver();
  table.isLost = ({ message, to }) => {
    if (message.kind === 'register/publish') sent.push(`${message.content.kind} to ${to}`);
    return false;
  };
  // Without b, d is needed.
  table.seat('b').isOpen = false;
  a.propose(voters(1, 'abd'));
  table.deliver();
  assert.ok(sent.includes('patch to d') && sent.includes('whole to d'), sent.join());
  assert.deepEqual(table.seat('d').register.accepted?.voters, ['a', 'b', 'd']);
});

test('the leader dies: another leads within its time, and nothing that was committed is lost', () => {
  const table = new RegisterTable('abc');
  const a = table.begin('abc');
  a.propose(set(0, 0, 1));
  table.deliver();
  a.isUp = false;
  table.pass(2500);
  assert.match(table.leaders(), /^[bc]$/);
  const leader = table.seat(table.leaders());
  leader.propose(set(0, 1, 2));
  table.deliver();
  assert.deepEqual(leader.outcomes(), [{ kind: 'done', version: 3 }]);
});

test('an answer that did not come is unknown after a while, and one that comes later is dropped', () => {
  const table = new RegisterTable('abc');
  table.begin('abc');
  const c = table.seat('c');
  table.isLost = isKind('register/outcome');
  c.propose(set(0, 0, 1));
  table.pass(11_000);
  assert.equal(c.outcomes()[0]?.kind, 'unknown');
  assert.equal(c.register.committed?.version, 2);
});

test('a leader that loses its leadership leaves what was open unknown, what waited untouched', () => {
  const table = new RegisterTable('abc');
  const a = table.begin('abc');
  table.cutOff('a');
  a.propose(set(0, 0, 1));
  a.propose(set(1, 0, 1));
  table.pass(4000);
  assert.deepEqual(
    a.outcomes().map((outcome) => outcome.kind),
    ['unknown', 'not-leader'],
  );
  const b = table.seat('b');
  b.propose(set(2, 0, 1));
  table.join();
  table.pass(4000);
  for (const { register } of table.seats) assert.deepEqual(register.committed?.cells, [0, 0, 1, 0]);
});

test('voters are changed in two steps; the leader that is one no more hands over; the new ones stand alone', () => {
  const table = new RegisterTable('abcdef');
  const a = table.begin('abc');
  a.propose(voters(1, 'def'));
  table.deliver();
  a.propose(settle(2));
  table.pass(200);
  assert.match(table.leaders(), /^[def]$/);
  for (const id of 'abc') table.seat(id).isUp = false;
  const leader = table.seat(table.leaders());
  leader.propose(set(0, 0, 1));
  // The base of the last but one names the old voters: it is committed while they are there, and the next without them.
  table.pass(3000);
  assert.equal(leader.outcomes()[0]?.kind, 'done');
});

test('reports are the newest of each voter, with the time of their arrival, also if they come out of order', () => {
  const table = new RegisterTable('abc');
  const a = table.begin('abc');
  const b = table.seat('b');
  b.report = 'old';
  table.isLost = () => false;
  table.nowMs += 1000;
  a.tick();
  table.deliver(isKind('register/check'));
  b.report = 'new';
  const late = table.mail.filter(isKind('register/check-answer'));
  table.mail = [];
  table.pass(500);
  const { report, atMs } = a.register.reports.get('b')!;
  assert.equal(report, 'new');
  assert.ok(atMs > table.nowMs - 500);
  for (const { from, message } of late) a.receive(from, message);
  assert.equal(a.register.reports.get('b')?.report, 'new');
  assert.equal(b.register.reports.size, 0);
});

test('all are stopped and started again: what was committed is there', () => {
  const table = new RegisterTable('abcd');
  const a = table.begin('abc');
  a.propose(set(0, 0, 1));
  table.pass(500);
  for (const seat of table.seats) seat.restart();
  table.pass(5000);
  for (const { register } of table.seats) assert.equal(register.committed?.cells[0], 1);
});

test('proposals are bounded: one more than a node may have open is refused', () => {
  const table = new RegisterTable('abc');
  table.begin('abc');
  const c = table.seat('c');
  for (let count = 0; count < 257; count++) c.propose(set(0, 0, 1));
  assert.match(JSON.stringify(c.outcomes()), /^\[\{"kind":"refused".*256 proposals/);
});
