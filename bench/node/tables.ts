/** The tables of docs/performance.md that come from `npm run bench -- node`, one for each scenario. */
import { markdownTable } from '../results.js';
import type { Spread } from '../statistics.js';
import type { CpuFigures, CpuResults } from './cpu.js';
import type { ExpiryFigures } from './expiry.js';
import type { LimitFigures } from './limit.js';
import type { MemoryFigures } from './memory.js';
import type { PauseResults } from './pauses.js';
import type { StartFigures } from './start.js';

const MB = 1024 * 1024;

export function cpuTable(results: CpuResults): string {
  const names = results.points[0]?.servers.map((figures) => figures.server) ?? [];
  const peers = names.filter((name) => name !== 'nuthatch');
  const head = [
    'request',
    'value',
    'pipeline',
    ...names.map((name) => `${name} us`),
    ...peers.map((name) => `/ ${name}`),
  ];
  const row = (
    request: string,
    point: { valueBytes: number; pipeline: number; servers: readonly Partial<CpuFigures>[] },
  ): string[] => {
    const of = (name: string) => point.servers.find((figures) => figures.server === name);
    return [
      request,
      size(point.valueBytes),
      String(point.pipeline),
      ...names.map((name) => of(name)?.cpuUsPerOperation?.median.toFixed(2) ?? ''),
      ...peers.map((name) => ratio(of(name)?.ourRatio)),
    ];
  };
  const cpu = markdownTable(head, [
    ...results.points.map((point) => row(request(point.traffic), point)),
    ...results.checks.map((check) => row(`${request(check.traffic)}, redis-benchmark`, check)),
  ]);
  const speed = markdownTable(
    ['request', 'value', 'pipeline', ...names.flatMap((name) => [`${name} k/s`, 'p50 us', 'p99 us'])],
    results.points.map((point) => [
      request(point.traffic),
      size(point.valueBytes),
      String(point.pipeline),
      ...point.servers.flatMap((figures) => [
        (figures.perSecond.median / 1000).toFixed(0),
        figures.p50Us.median.toFixed(0),
        figures.p99Us.median.toFixed(0),
      ]),
    ]),
  );
  return `Server CPU per operation in microseconds, medians, and our ratio to each peer (smallest-largest round).

${cpu}

Requests per second in thousands, and the latency of a batch as the closed-loop client sees it.

${speed}`;
}

export function memoryTable(figures: readonly MemoryFigures[]): string {
  return markdownTable(
    [
      'server',
      'lifetime',
      'keys',
      'B/key above the empty process',
      'above the process just started',
      'resident',
    ],
    figures.map((figure) => [
      figure.server,
      figure.lifetime ? 'yes' : 'no',
      `${figure.keys / 1e6} M`,
      figure.perKey.toFixed(1),
      figure.perKeyAboveStarted.toFixed(1),
      `${Math.round(figure.residentBytes / MB)} MB`,
    ]),
  );
}

export function pausesTable(results: PauseResults): string {
  const noise = results.spins.map((spin) => spin.worstGapMs.toFixed(1)).join(' and ');
  const client = markdownTable(
    ['phase', 'server', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'generator away', 'core away'],
    results.phases.flatMap(({ phase, server, client: one, coreAwayMs }) => {
      if (one === undefined) return [];
      const latencies = [one.p50Us, one.p99Us, one.p999Us, one.maxUs].map(ms);
      return [[phase, server, ...latencies, one.worstGapMs.toFixed(1), coreAwayMs.toFixed(1)]];
    }),
  );
  const loop = markdownTable(
    [
      'phase',
      'longest block of ours ms',
      'kernel in it',
      'GC in it',
      'over 10 ms',
      'with what was not ours',
      'collections',
      'worst collection ms',
    ],
    results.phases.flatMap(({ phase, loop: one }) => {
      if (one === undefined) return [];
      const longest = one.longest[0];
      return [
        [
          phase,
          longest?.ownMs.toFixed(1) ?? 'below 2',
          longest?.systemMs.toFixed(1) ?? '',
          longest?.gcMs.toFixed(1) ?? '',
          String(one.over10Ms),
          one.worstWallMs.toFixed(1),
          String(one.collections.count),
          one.collections.worstMs.toFixed(1),
        ],
      ];
    }),
  );
  return `Open-loop client at ${results.perSecond} requests/s, latency from the intended time; beside it the longest time (ms) that
the generator, and the core of the server, were away in that phase.

${client}

Our event loop in the same run. The machine's noise: an empty spin before and after was away ${noise} ms at worst.

${loop}`;
}

export function limitTable(figures: readonly LimitFigures[]): string {
  return markdownTable(
    [
      'server',
      'minutes',
      'limit',
      'resident at most',
      'above the limit',
      'live, as it counts',
      'keys and values at the end',
    ],
    figures.map((figure) => [
      figure.server,
      String(figure.minutes),
      `${figure.maxMemoryBytes / MB} MB`,
      `${Math.round(figure.mostResidentBytes / MB)} MB`,
      `${Math.round((figure.mostResidentBytes - figure.maxMemoryBytes) / MB)} MB`,
      figure.liveShare === undefined
        ? ''
        : `${percent(figure.liveShare.min)} - ${percent(figure.liveShare.max)}`,
      percent(figure.dataShareAtEnd),
    ]),
  );
}

export function expiryTable(figures: readonly ExpiryFigures[]): string {
  return markdownTable(
    ['server', 'alive', 'dead of the resident', 'at most', 'CPU', 'CPU when nothing dies', 'price of expiry'],
    figures.map((figure) => [
      figure.server,
      String(Math.round(figure.alive.median)),
      percent(figure.deadShare.median),
      percent(figure.deadShare.max),
      percent(figure.cpuShare),
      percent(figure.controlCpuShare),
      percent(figure.price),
    ]),
  );
}

export function startTable(figures: readonly StartFigures[]): string {
  return markdownTable(
    ['server', 'start to first reply', 'smallest', 'largest'],
    figures.map(({ server, startMs }) => [
      server,
      ...[startMs.median, startMs.min, startMs.max].map((one) => `${one.toFixed(0)} ms`),
    ]),
  );
}

function request(traffic: string): string {
  return traffic === 'mix'
    ? 'GET/SET 90/10'
    : traffic === 'first fill'
      ? 'SET, first fill'
      : traffic.toUpperCase();
}

function size(bytes: number): string {
  return bytes >= 1024 ? `${bytes / 1024} KB` : `${bytes} B`;
}

function ratio(one: Spread | undefined): string {
  return one === undefined
    ? ''
    : `**${one.median.toFixed(2)}** (${one.min.toFixed(2)}-${one.max.toFixed(2)})`;
}

function ms(us: number): string {
  return (us / 1000).toFixed(2);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
