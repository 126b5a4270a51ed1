/** The tables of docs/performance.md that come from `npm run bench -- client`, and the lines that are printed meanwhile. */
import { markdownTable } from '../results.js';
import { ratioSpread, type Spread, spread } from '../statistics.js';
import type { Answer, ContenderName, Order, ScenarioName } from './scenarios.js';

/** The rounds of one contender. */
export interface Figures {
  readonly scenario: ScenarioName;
  readonly order: Order;
  readonly contender: ContenderName;
  readonly rounds: readonly Answer[];
}

/** One row for each contender; of several orders of keys, columns for each. */
export function scenarioTable(figures: readonly Figures[]): string {
  const orders = [...new Set(figures.map(({ order }) => order))];
  const contenders = [...new Set(figures.map(({ contender }) => contender))];
  const columns = (order: Order): string[] => {
    const suffix = orders.length > 1 ? `, ${order}` : '';
    return [`reads/s${suffix}`, 'ours / its', 'client CPU us', 'ours / its'];
  };
  const row = (contender: ContenderName): string[] => {
    const cells = orders.flatMap((order) => {
      const of = (name: ContenderName) =>
        figures.find((one) => one.order === order && one.contender === name)?.rounds ?? [];
      return rowOf(of('nuthatch'), of(contender), contender === 'nuthatch');
    });
    return [contender, ...cells];
  };
  return markdownTable(['', ...orders.flatMap(columns)], contenders.map(row));
}

function rowOf(ours: readonly Answer[], its: readonly Answer[], isOurs: boolean): string[] {
  const compared = (pick: (answer: Answer) => number): string =>
    isOurs || ours.length !== its.length ? '' : ratio(ratioSpread(ours.map(pick), its.map(pick)));
  return [
    rate(spread(its.map(perSecond)).median),
    compared(perSecond),
    spread(its.map(cpuUs)).median.toFixed(2),
    compared(cpuUs),
  ];
}

/** What stands on the terminal when a scenario is done with all its rounds. */
export function figureLine({ scenario, order, contender, rounds }: Figures, ours: readonly Answer[]): string {
  const rates = spread(rounds.map(perSecond));
  const cpu = spread(rounds.map(cpuUs));
  const range = `(${rate(rates.min)}-${rate(rates.max)})`;
  const cpuText = `${cpu.median.toFixed(2)} us (${cpu.min.toFixed(2)}-${cpu.max.toFixed(2)})`;
  const compared =
    contender === 'nuthatch' || ours.length !== rounds.length
      ? ''
      : `ours/its ${plain(ratioSpread(ours.map(perSecond), rounds.map(perSecond)))}, ` +
        `CPU ${plain(ratioSpread(ours.map(cpuUs), rounds.map(cpuUs)))}`;
  const where = `${scenario} ${order}`.padEnd(18);
  return `${where} ${contender.padEnd(24)} ${rate(rates.median).padStart(7)}/s ${range.padEnd(17)} ${cpuText.padEnd(24)} ${compared}`;
}

const perSecond = (answer: Answer): number => answer.perSecond;
const cpuUs = (answer: Answer): number => answer.cpuUsPerOperation;

function rate(one: number): string {
  return one >= 1e6 ? `${(one / 1e6).toFixed(1)} M` : `${Math.round(one / 1e3)} k`;
}

function plain({ min, median, max }: Spread): string {
  return `${digits(median)} (${digits(min)}-${digits(max)})`;
}

function ratio({ min, median, max }: Spread): string {
  return `**${digits(median)}** (${digits(min)}-${digits(max)})`;
}

/** Two digits behind the point, one from 10 on. */
function digits(one: number): string {
  return one.toFixed(one < 10 ? 2 : 1);
}
