/**
 * `npm run bench -- near`: a hit in the near cache, through one `await`, beside a bare Map.
 *
 *   round 1: map, near   round 2: map, near   ...      each a fresh process, never two at once
 */
import { parseArgs } from 'node:util';
import { describeMachine } from '../results.js';
import { ratioSpread, spread } from '../statistics.js';
import { type ContenderName, contenderNames, measureHits, type Order, orders } from './hits.js';

const help = `npm run bench -- near: a hit in the near cache through one await, beside await Promise.resolve(map.get(key))

  npm run bench -- near              10,000 entries, about a minute

Options
  --entries N     entries that are near, all of them read (default 10000)
  --rounds N      rounds, contenders in turn (default 5)
  --seconds S     of each measurement (default 2)`;

export async function run(given: string[]): Promise<number> {
  const { values } = parseArgs({
    args: given,
    options: {
      entries: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const [entries, rounds, seconds] = [values.entries, values.rounds, values.seconds].map(Number) as [
    number,
    number,
    number,
  ];
  if (!(entries >= 1 && rounds >= 1 && seconds > 0)) {
    console.error('--entries, --rounds and --seconds are numbers above 0. See: npm run bench -- near --help');
    return 2;
  }
  const { loadBefore, node } = describeMachine();
  console.log(
    `${entries} entries, Node ${node}, load ${loadBefore.toFixed(2)} before; million hits a second`,
  );
  for (const order of orders) await compare(order, { entries, rounds, seconds });
  return 0;
}

async function compare(
  order: Order,
  { entries, rounds, seconds }: { entries: number; rounds: number; seconds: number },
): Promise<void> {
  const rates: Record<ContenderName, number[]> = { map: [], near: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenderNames) {
      const { hitsPerSecond } = await measureHits(1, { contender, order, entries, seconds, seed: round });
      rates[contender].push(hitsPerSecond);
    }
  }
  const ratio = ratioSpread(rates.near, rates.map);
  const shown = contenderNames.map((name) => `${name} ${(spread(rates[name]).median / 1e6).toFixed(1)}`);
  const range = `${ratio.min.toFixed(2)}-${ratio.max.toFixed(2)}`;
  console.log(
    `keys ${order.padEnd(11)}  ${shown.join('  ')}  near/map ${ratio.median.toFixed(2)} (${range})`,
  );
}
