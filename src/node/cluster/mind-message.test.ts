import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { isRefusal } from '../../ring/index.js';
import { DriverWorld } from './drivers.testkit.js';
import { readWire } from './mind-message.js';

interface Said {
  readonly kind: string;
  readonly text: string;
}

/** What three nodes said that began, failed over, refused, and left; some of each kind. */
const said: Said[] = [];
const SOME_OF_EACH = 4;

before(async () => {
  const world = await DriverWorld.begun();
  const [n1, n2, n3] = [...world.nodes.values()];
  assert.ok(n1 !== undefined && n2 !== undefined && n3 !== undefined);
  const late = world.start('n4');
  const node = late.self;
  for (const { driver } of [n1, n2, n3]) {
    driver.propose([{ kind: 'settle-voters', voterVersion: 9, reason: 'to be refused' }], () => {});
  }
  await world.until(() => n1.topology?.nodes.some((one) => one.node === node.node) === true);
  const writer = world.writer ?? assert.fail();
  writer.driver.release();
  await world.until(() => world.writer !== undefined);
  // Cut off, it probes through others; then it is back.
  n3.isUp = false;
  await world.until(() => n1.driver.status().members.some(({ state }) => state === 'suspect'));
  n3.isUp = true;
  for (let ticks = 0; ticks < 100; ticks++) await world.tick();
  const leader = [n1, n2, n3].find(({ driver }) => driver.status().role === 'leader') ?? assert.fail();
  leader.driver.leave();
  leader.isUp = false;
  await world.until(() =>
    [n1, n2, n3].some((one) => one !== leader && one.driver.status().role === 'leader'),
  );
  const counts = new Map<string, number>();
  for (const { text } of world.said) {
    const { kind } = (JSON.parse(text) as { body: { kind: string } }).body;
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    if (count < SOME_OF_EACH) said.push({ kind, text });
  }
  // The last news are whole, and differences.
  for (const { text } of world.said.filter((one) => one.text.includes('"content"')).slice(-SOME_OF_EACH))
    said.push({ kind: 'news', text });
});

test('what minds say is read as it was said, each kind of it', () => {
  const kinds = new Set(said.map(({ kind }) => kind));
  for (const kind of [
    'swim/ping',
    'swim/ack',
    'swim/ask',
    'swim/gossip',
    'swim/exchange',
    'register/pre-vote',
    'register/pre-vote-answer',
    'register/vote',
    'register/vote-answer',
    'register/publish',
    'register/accepted',
    'register/check',
    'register/check-answer',
    'register/fetch',
    'register/committed',
    'register/propose',
    'register/outcome',
    'register/stand',
    'lease/heartbeat',
    'lease/answer',
    'lease/release',
  ])
    assert.ok(kinds.has(kind), `${kind} was said`);
  assert.ok(said.some(({ text }) => text.includes('"kind":"patch"')));
  assert.ok(said.some(({ text }) => text.includes('"kind":"whole"')));
  for (const { text } of said) {
    const wire = readWire(JSON.parse(text));
    assert.ok(!isRefusal(wire), `${isRefusal(wire) ? wire.refused : ''}: ${text}`);
    assert.deepEqual(JSON.parse(JSON.stringify(wire)), JSON.parse(text));
  }
});

/** The places in a value where no further values are, each as the way to it. */
function* leavesOf(value: unknown, way: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) yield way;
  else for (const [name, part] of Object.entries(value)) yield* leavesOf(part, [...way, name]);
}

function replaced(value: unknown, [name, ...way]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value)
    ? [...value]
    : { ...(value as object) };
  (copy as Record<string, unknown>)[name] = replaced((value as Record<string, unknown>)[name], way, by);
  return copy;
}

const garbage = [null, [], {}, { a: 1 }, [[1]], '?'.repeat(5_000)];

test('a message of which one part is another thing is refused, whatever part it is', () => {
  for (const { text } of said) {
    const message: unknown = JSON.parse(text);
    for (const way of leavesOf(message)) {
      for (const by of garbage) {
        // Differences and changes are looked at again when they are applied; here they have the right types.
        if ((way.includes('diff') || way.includes('changes')) && typeof by === 'string') continue;
        const wire = readWire(replaced(message, way, by) as object);
        assert.ok(isRefusal(wire), `${way.join('.')} may be ${JSON.stringify(by).slice(0, 40)} in ${text}`);
        assert.ok(wire.refused.length < 500, wire.refused);
      }
    }
  }
});

test('numbers that count nothing, fields that nobody knows, and what contradicts itself are refused', () => {
  const of = (kind: string): { body: Record<string, unknown> } =>
    JSON.parse(said.find((one) => one.kind === kind)?.text ?? assert.fail(kind));
  const refuses = (kind: string, part: object, why: RegExp): void => {
    const { body, ...rest } = of(kind);
    const wire = readWire({ ...rest, body: { ...body, ...part } });
    assert.match(isRefusal(wire) ? wire.refused : 'it is taken', why);
  };
  for (const number of [-1, 1.5, 2 ** 60]) refuses('swim/ack', { sequence: number }, /no whole number/);
  refuses('swim/ack', { more: 1 }, /has a field "more", which nobody knows/);
  refuses('swim/ask', { target: '@10.0.0.1:80' }, /no id of a node/);
  refuses('swim/ack', { life: 'x' }, /no name of a life/);
  refuses(
    'register/publish',
    { position: { term: 1, version: 9_999 } },
    /version 9999 has a value of version/,
  );
  refuses('register/publish', { base: { version: 9_999, voterSets: [] } }, /was made of version 9999/);
  refuses('register/pre-vote', { kind: 'register/none' }, /the kind "register\/none" is not known here/);
  refuses('register/pre-vote', { kind: '__proto__' }, /the kind "__proto__" is not known here/);
  const { body } = of('swim/exchange') as { body: { news: { host: string }[] } };
  refuses('swim/exchange', { news: [{ ...body.news[0], host: 'a b' }] }, /has the host "a b"/);
});

test('whatever somebody sends, it is read or refused', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.jsonValue(), (which, where, by) => {
      const message: unknown = JSON.parse(said[which % said.length]?.text ?? assert.fail());
      const ways = [...leavesOf(message)];
      const way = ways[where % ways.length] ?? [];
      const cut = way.slice(0, 1 + (where % Math.max(1, way.length)));
      const wire = readWire(Object(replaced(message, cut, by)));
      assert.ok(isRefusal(wire) || wire.body.kind.includes('/'));
    }),
    { numRuns: 2_000 },
  );
});
