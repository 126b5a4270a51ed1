import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../base/index.js';
import { Network } from './network.js';
import { drawSettings } from './settings.js';

const RANGES = { nodes: { least: 3, most: 3 }, clients: { least: 0, most: 0 }, driftPermille: 50 };
const QUIET = {
  ...drawSettings(1, RANGES),
  ...{ delayUs: 1000, tailPermille: 0, tailFactor: 10, lossPermille: 0, twicePermille: 0, keepsOrder: false },
};
/** From the first host to the second, of three. */
const LINK = 1;

const delays = (network: Network, count = 2000): number[] =>
  Array.from({ length: count }, () => network.arrivalUs(LINK, 0));

test('a delay is from the base to twice the base; a tail makes some much longer, a slow link all', () => {
  const plain = delays(new Network(new Random(1), 3, QUIET));
  assert.ok(plain.every((delayUs) => delayUs >= 1000 && delayUs < 2000));
  const tailed = delays(new Network(new Random(1), 3, { ...QUIET, tailPermille: 100 }));
  const late = tailed.filter((delayUs) => delayUs >= 2000).length;
  assert.ok(late > 100 && late < 300);
  const network = new Network(new Random(1), 3, QUIET);
  network.begin('slow', [LINK]);
  assert.ok(delays(network).every((delayUs) => delayUs >= 20_000));
});

test('a link that keeps order lets nothing overtake', () => {
  const ordered = delays(new Network(new Random(1), 3, { ...QUIET, keepsOrder: true }));
  assert.deepEqual(
    ordered,
    ordered.toSorted((a, b) => a - b),
  );
  const free = delays(new Network(new Random(1), 3, QUIET));
  assert.notDeepEqual(
    free,
    free.toSorted((a, b) => a - b),
  );
});

test('faults of a link add up, and one that ends leaves the other', () => {
  const network = new Network(new Random(1), 3, QUIET);
  network.begin('cut', [LINK, 2]);
  network.begin('cut', [LINK]);
  network.end('cut', [LINK, 2]);
  assert.ok(network.has('cut', LINK));
  assert.ok(!network.has('cut', 2));
  network.end('cut', [LINK]);
  assert.ok(!network.has('cut', LINK));
  assert.throws(() => network.end('cut', [LINK]), /no cut lies on link 1/);
});

test('a healed network is whole and loses nothing', () => {
  const network = new Network(new Random(1), 3, { ...QUIET, lossPermille: 1000, twicePermille: 1000 });
  network.begin('cut', [LINK]);
  network.begin('lossy', [LINK]);
  assert.ok(network.loses(2));
  assert.notEqual(network.twiceUs(0), undefined);
  network.heal();
  assert.ok(!network.has('cut', LINK) && !network.has('lossy', LINK) && !network.loses(LINK));
  assert.equal(network.twiceUs(0), undefined);
});
