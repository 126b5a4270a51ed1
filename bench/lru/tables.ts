/** How the figures of `npm run bench -- lru` are shown: a line for each round, and the table of docs/performance.md. */
import { markdownTable } from '../results.js';
import { median, ratioSpread } from '../statistics.js';
import type { Figures, Round } from './main.js';

const MB = 1024 * 1024;

/** A round as one line. */
export function figureLine(figures: Figures, round: Round): string {
  return [
    `${figures.entries} ${figures.values}`.padEnd(15),
    figures.contender.padEnd(13),
    `get ${(round.getPerSecond / 1e6).toFixed(2)} M/s (${percent(round.getHits)} hits)`.padEnd(28),
    `trace ${(round.tracePerSecond / 1e6).toFixed(2)} M/s`.padEnd(16),
    `hits ${percent(round.hitRatio)}`.padEnd(12),
    `${round.entries} entries, ${megabytes(round.payloadBytes)} in ${megabytes(round.residentBytes)} MB`.padEnd(
      36,
    ),
    `gc ${round.gcWorstMs.toFixed(0)} (${round.gcTracedWorstMs.toFixed(0)}) ms, stall ${round.worstStallMs.toFixed(0)} ms`,
  ].join(' ');
}

/** Medians over the rounds; ratios are taken within each round. */
export function resultsTable(all: readonly Figures[], noiseMs: number): string {
  const head = [
    'cache',
    'get M/s',
    'get or fill M/s',
    'hit ratio',
    'entries',
    'keys and values MB',
    'resident MB',
    'longest GC pause ms',
    'by --trace-gc ms',
    'longest stall ms',
  ];
  const sections = groups(all).map((group) => {
    const [ours, theirs] = group as [Figures, Figures];
    const { entries, values } = ours;
    const rows = group.map((figures) => {
      const of = (pick: (round: Round) => number) => median(figures.rounds.map(pick));
      return [
        figures.contender,
        (of((round) => round.getPerSecond) / 1e6).toFixed(2),
        (of((round) => round.tracePerSecond) / 1e6).toFixed(2),
        percent(of((round) => round.hitRatio)),
        (of((round) => round.entries) / 1e6).toFixed(2).concat(' M'),
        megabytes(of((round) => round.payloadBytes)),
        megabytes(of((round) => round.residentBytes)),
        of((round) => round.gcWorstMs).toFixed(1),
        of((round) => round.gcTracedWorstMs).toFixed(1),
        of((round) => round.worstStallMs).toFixed(1),
      ];
    });
    const ratio = (pick: (round: Round) => number): string => {
      const { min, median: middle, max } = ratioSpread(ours.rounds.map(pick), theirs.rounds.map(pick));
      return `**${middle.toFixed(2)}** (${min.toFixed(2)}-${max.toFixed(2)})`;
    };
    rows.push([
      'ours / theirs',
      ratio((round) => round.getPerSecond),
      ratio((round) => round.tracePerSecond),
      ratio((round) => round.hitRatio),
      ratio((round) => round.entries),
      ratio((round) => round.payloadBytes),
      ratio((round) => round.residentBytes),
      ratio((round) => round.gcWorstMs),
      ratio((round) => round.gcTracedWorstMs),
      ratio((round) => round.worstStallMs),
    ]);
    const title = `${(entries / 1e6).toLocaleString('en')} M entries' worth of ${values === 'string' ? 'strings' : 'bytes'}, ${ours.rounds.length} rounds:`;
    return `${title}\n\n${markdownTable(head, rows)}`;
  });
  return `Values of 64 B to 4 KB, keys by Zipf out of twice as many as fit, the same budget in bytes for both. lru-cache is
told key and value lengths and counts only these; nuthatch/lru counts all it takes. Medians, ratios with the smallest
and largest round. An empty spin in the same run was away ${noiseMs.toFixed(1)} ms at worst: so much of a stall is the machine's.

${sections.join('\n\n')}`;
}

/** Figures of the same size and kind of values, ours first. */
function groups(all: readonly Figures[]): Figures[][] {
  const found = new Map<string, Figures[]>();
  for (const figures of all) {
    const name = `${figures.entries} ${figures.values}`;
    found.set(name, [...(found.get(name) ?? []), figures]);
  }
  return [...found.values()];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function megabytes(bytes: number): string {
  return (bytes / MB).toFixed(0);
}
