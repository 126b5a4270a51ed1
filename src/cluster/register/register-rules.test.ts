/** The rules of the embedded register, each in the smallest story that needs it; each is also told with the rule left out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstCells } from './cells.testkit.js';
import type { RegisterMutant } from './options.js';
import { isKind, type Mail, RegisterTable, set, voters } from './register-table.testkit.js';

/** The story holds, and does not without the rule. */
function needs(rule: RegisterMutant, what: string, story: (mutants: ReadonlySet<string>) => void): void {
  test(`${what} (without ${rule}: not)`, () => {
    story(new Set());
    assert.throws(() => story(new Set([rule])), { name: /^(AssertionError|InvariantError)$/ });
  });
}

needs('persist-after-answer', 'a voter says that it accepted when that is on disk', (mutants) => {
  const table = new RegisterTable('abc', mutants);
  const a = table.begin('abc');
  const b = table.seat('b');
  table.cutOff('c');
  b.isDiskHeld = true;
  a.propose(set(0, 0, 1));
  table.pass(1000);
  assert.equal(b.register.accepted?.version, 2);
  assert.equal(a.register.committed?.version, 1);
  b.isDiskHeld = false;
  table.pass(500);
  assert.equal(a.register.committed?.version, 2);
});

needs(
  'commit-by-one-set',
  'a change of voters needs a majority of those before and of those to come',
  (mutants) => {
    for (const isLost of [({ to }: Mail) => to === 'b' || to === 'c', ({ to }: Mail) => to === 'd']) {
      const table = new RegisterTable('abcd', mutants);
      const a = table.begin('abc');
      table.isLost = isLost;
      a.propose(voters(1, 'd'));
      table.deliver();
      assert.equal(a.register.committed?.version, 1);
      table.join();
      table.pass(1000);
      assert.equal(table.seat('d').register.committed?.version, 2);
    }
  },
);

needs('no-prevote', 'who comes back after a long cut disturbs no leader', (mutants) => {
  const table = new RegisterTable('abc', mutants);
  const a = table.begin('abc');
  const { term } = a.register;
  table.cutOff('c');
  table.pass(20_000);
  table.join();
  table.pass(1000);
  assert.equal(table.leaders(), 'a');
  assert.equal(a.register.term, term);
});

needs('prevote-despite-leader', 'who hears the others, but not the leader, disturbs nobody', (mutants) => {
  const table = new RegisterTable('abc', mutants);
  const a = table.begin('abc');
  const { term } = a.register;
  table.isLost = ({ from, to }) => from === 'a' && to === 'c';
  table.pass(20_000);
  assert.equal(a.register.term, term);
});

needs('no-check-quorum', 'a leader that is heard but hears nobody gives way', (mutants) => {
  const table = new RegisterTable('abc', mutants);
  table.begin('abc');
  table.isLost = ({ to }) => to === 'a';
  table.pass(6000);
  assert.match(table.leaders(), /^[bc]$/);
});

needs(
  'no-gate',
  'a voter whose gate is closed accepts nothing, and accepts by itself when it opens',
  (mutants) => {
    const table = new RegisterTable('abc', mutants);
    const a = table.begin('abc');
    const [, b, c] = table.seats;
    b!.isOpen = false;
    c!.isOpen = false;
    a.propose(set(0, 0, 1));
    table.pass(1000);
    assert.equal(b!.register.pending?.version, 2);
    assert.equal(b!.register.accepted?.version, 1);
    assert.equal(a.register.committed?.version, 1);
    const publications: Mail[] = [];
    table.isLost = (mail) => isKind('register/publish')(mail) && publications.push(mail) > 0;
    table.pass(1000);
    assert.equal(publications.length, 0, 'what is held is not sent again');
    b!.isOpen = true;
    table.pass(50);
    assert.equal(a.register.committed?.version, 2);
    // What is committed binds also who holds it back.
    assert.equal(c!.register.committed?.version, 2);
    assert.equal(c!.register.pending, undefined);
  },
);

needs('publish-without-asking', 'the leader asks right before it publishes', (mutants) => {
  const table = new RegisterTable('abc', mutants);
  const a = table.begin('abc');
  a.verdict = 'wait';
  a.propose(set(0, 0, 1));
  table.pass(1000);
  assert.equal(a.register.committed?.version, 1);
  a.verdict = { refuse: 'the primary is back' };
  table.pass(50);
  assert.deepEqual(a.outcomes(), [{ kind: 'refused', version: 1, why: 'the primary is back' }]);
  a.verdict = 'wait';
  a.propose(set(0, 0, 1));
  table.pass(6000);
  assert.equal(a.outcomes()[0]?.kind, 'refused');
});

needs('any-cluster', 'of two clusters begun over the same nodes one is committed', (mutants) => {
  const table = new RegisterTable('abc', mutants);
  const [a, b, c] = table.seats;
  a!.begin(firstCells('one', ['a', 'b', 'c'], ['a', 'b', 'c']));
  b!.begin(firstCells('two', ['a', 'b', 'c'], ['a', 'b', 'c']));
  a!.tick();
  table.pass(5000);
  assert.equal(c!.register.committed?.clusterId, 'one');
  assert.equal(b!.register.committed, undefined);
  assert.equal(b!.register.accepted?.clusterId, 'two');
});

needs(
  'committed-by-term',
  'the only voter that is left leads, though others have the value of a later term',
  (mutants) => {
    const table = new RegisterTable('abc', mutants);
    const value = { ...firstCells('one', ['b'], ['a', 'b', 'c']), version: 2 };
    const base = { version: 1, voterSets: [['a', 'b', 'c']] };
    for (const seat of table.seats) {
      const term = seat.id === 'b' ? 4 : 6;
      seat.disk = { term, votedFor: undefined, accepted: { position: { term, version: 2 }, base, value } };
      seat.restart();
      const committed = { term: 4, version: 2 };
      seat.receive('b', { kind: 'register/committed', committed, news: undefined, leader: undefined });
      assert.equal(seat.register.committed?.version, 2);
    }
    table.pass(5000);
    assert.equal(table.leaders(), 'b');
  },
);

needs('answer-of-any-term', 'an acceptance of an older term does not commit', (mutants) => {
  const table = new RegisterTable('abc', mutants);
  const a = table.begin('abc');
  table.cutOff('c');
  a.propose(set(0, 0, 1));
  table.deliver(isKind('register/publish'));
  table.mail = [];
  a.restart();
  assert.equal(a.disk?.accepted?.position.version, 2);
  table.isLost = isKind('register/publish');
  table.pass(4000);
  assert.ok(a.register.role === 'leader' || table.seat('b').register.role === 'leader');
  assert.equal(a.register.committed?.version ?? 1, 1);
  table.join();
  table.pass(1000);
  for (const { register } of table.seats) assert.equal(register.committed?.version, 2);
});

needs(
  'pending-outlives-term',
  'what was held back in an older term is not accepted in a newer',
  (mutants) => {
    const table = new RegisterTable('abc', mutants);
    const a = table.begin('abc');
    const b = table.seat('b');
    b.isOpen = false;
    table.isLost = ({ to }) => to === 'c';
    a.propose(set(0, 0, 1));
    table.deliver();
    assert.equal(b.register.pending?.version, 2);
    const term = a.register.term + 1;
    b.receive('c', {
      kind: 'register/vote',
      committed: undefined,
      term,
      accepted: { term: term - 1, version: 1 },
    });
    assert.equal(b.disk?.votedFor, 'c');
    b.isOpen = true;
    b.tick();
    assert.equal(b.register.accepted?.version, 1);
  },
);

needs('proposal-of-any-term', 'a proposal that comes late, in a later term, is not applied', (mutants) => {
  const table = new RegisterTable('abc', mutants);
  table.begin('abc');
  const c = table.seat('c');
  c.propose(set(0, 0, 1));
  const late = table.mail.find(isKind('register/propose'))!;
  table.mail = [];
  table.seat('a').restart();
  table.pass(5000);
  const leader = table.seat(table.leaders());
  leader.receive('c', late.message);
  table.pass(100);
  assert.equal(leader.register.committed?.version, 1);
});

needs('no-handover', 'a leader that resigns is followed at once', (mutants) => {
  const table = new RegisterTable('abc', mutants);
  const a = table.begin('abc');
  a.resign();
  table.deliver();
  assert.match(table.leaders(), /^[bc]$/);
});

needs('broken-disk-promises', 'a node whose disk failed promises nothing, and still learns', (mutants) => {
  const table = new RegisterTable('abc', mutants);
  const a = table.begin('abc');
  a.breakDisk();
  assert.equal(a.register.role, 'follower');
  table.pass(5000);
  assert.match(table.leaders(), /^[bc]$/);
  table.seat(table.leaders()).propose(set(0, 0, 1));
  table.pass(500);
  assert.equal(a.register.committed?.version, 2);
  assert.equal(a.register.accepted?.version, 1);
  a.isDiskBroken = false;
  table.pass(3000);
  table.seat(table.leaders()).propose(set(0, 1, 2));
  table.pass(500);
  assert.equal(a.register.accepted?.version, 3, 'it tries its disk again, and goes on');
});

needs('learner-stands', 'a learner never leads', (mutants) => {
  const table = new RegisterTable('abcd', mutants);
  table.begin('abc');
  for (let round = 0; round < 5; round++) {
    const leader = table.seat(table.leaders());
    leader.isUp = false;
    table.pass(1000);
    table.seat('d').tick();
    assert.ok(!['asking', 'standing', 'leader'].includes(table.seat('d').register.role));
    table.pass(3000);
    assert.notEqual(table.leaders(), 'd');
    leader.isUp = true;
    leader.restart();
    table.pass(500);
  }
});
