/** SLOWLOG, LATENCY, MEMORY: where time and memory go. */
import type { Request, SubcommandName } from '../../resp/index.js';
import type { Command } from '../command.js';
import type { Handler, Session } from '../session.js';
import { subcommandSyntax } from './errors.js';

const DEFAULT_SLOWLOG_ENTRIES = 10;

export const slowlogHandlers = {
  'slowlog|get'(session, request) {
    const { out, node } = session;
    if (request.count > 3) {
      out.error(subcommandSyntax(request));
      return;
    }
    const count = request.count === 3 ? request.integer(2) : DEFAULT_SLOWLOG_ENTRIES;
    if (count === undefined || count < -1) {
      out.error('ERR count should be greater than or equal to -1');
      return;
    }
    const entries = node.slowlog.latest(count === -1 ? node.slowlog.length : count);
    out.array(entries.length);
    for (const entry of entries) {
      out.array(6);
      out.integer(entry.id);
      out.integer(entry.atSeconds);
      out.integer(entry.elapsedUs);
      out.array(entry.args.length);
      for (const arg of entry.args) out.bulkText(arg);
      out.bulkText(entry.address);
      out.bulkText(entry.clientName);
    }
  },

  'slowlog|len': (session) => session.out.integer(session.node.slowlog.length),

  'slowlog|reset'(session) {
    session.node.slowlog.clear();
    session.out.ok();
  },
} satisfies Partial<Record<SubcommandName<'slowlog'>, Handler>>;

export const latencyHandlers = {
  'latency|latest'(session) {
    const { out, node } = session;
    const events = node.latency.events();
    out.array(events.length);
    for (const { event, latest, maxMs } of events) {
      out.array(4);
      out.bulkText(event);
      out.integer(latest.atSeconds);
      out.integer(latest.ms);
      out.integer(maxMs);
    }
  },

  'latency|history'(session, request) {
    const samples = session.node.latency.history(request.text(2));
    session.out.array(samples.length);
    for (const { atSeconds, ms } of samples) {
      session.out.array(2);
      session.out.integer(atSeconds);
      session.out.integer(ms);
    }
  },

  'latency|reset'(session, request) {
    const events: string[] = [];
    for (let i = 2; i < request.count; i++) events.push(request.text(i));
    session.out.integer(session.node.latency.reset(events));
  },

  'latency|graph'(session, request) {
    const event = request.text(2);
    const samples = session.node.latency.history(event);
    if (samples.length === 0) {
      session.out.error(`ERR No samples available for event '${event}'`);
      return;
    }
    const maxMs = Math.max(...samples.map((sample) => sample.ms));
    const lines = samples.map(
      ({ atSeconds, ms }) => `${atSeconds} ${'#'.repeat(Math.ceil((40 * ms) / maxMs))} ${ms} ms\n`,
    );
    session.out.verbatim('txt', `${event} - high ${maxMs} ms\n${lines.join('')}`);
  },

  'latency|doctor': (session) => session.out.verbatim('txt', diagnose(session)),

  'latency|histogram': writeHistograms,
} satisfies Partial<Record<SubcommandName<'latency'>, Handler>>;

export const memoryHandlers = {
  'memory|doctor'(session) {
    const { store } = session.node;
    const live = store.usedBytes === 0 ? 1 : store.liveBytes / store.usedBytes;
    session.out.verbatim(
      'txt',
      `${percent(store.usedBytes / store.maxBytes)} of maxmemory is used; keys and values are ${percent(live)} of that.\n`,
    );
  },

  // Pages are reused, moved and given back as the store goes along: there is nothing to purge.
  'memory|purge': (session) => session.out.ok(),

  'memory|malloc-stats': (session) =>
    session.out.verbatim('txt', 'Stats not supported for the current allocator'),

  'memory|stats'(session) {
    const { out, node } = session;
    const { store, tracking, limits, stats } = node;
    const keys = node.keyCount;
    const pairs: readonly (readonly [string, number])[] = [
      ['peak.allocated', stats.peakMemoryBytes],
      ['total.allocated', store.usedBytes],
      ['startup.allocated', 0],
      ['replication.backlog', 0],
      ['clients.slaves', 0],
      ['clients.normal', limits.clientsBytes],
      ['tracking.table', tracking.usedBytes],
      ['overhead.total', store.usedBytes - store.liveBytes],
      ['keys.count', keys],
      ['keys.bytes-per-key', keys === 0 ? 0 : Math.round(store.usedBytes / keys)],
      ['dataset.bytes', store.liveBytes],
    ];
    out.map(pairs.length + 1);
    for (const [name, value] of pairs) {
      out.bulkText(name);
      out.integer(value);
    }
    out.bulkText('dataset.percentage');
    out.double(store.usedBytes === 0 ? 0 : (100 * store.liveBytes) / store.usedBytes);
  },
} satisfies Partial<Record<SubcommandName<'memory'>, Handler>>;

function diagnose(session: Session): string {
  const { latency } = session.node;
  if (latency.thresholdMs === 0) {
    return 'Latency monitoring is disabled. Use "CONFIG SET latency-monitor-threshold <milliseconds>" to enable it.\n';
  }
  const events = latency.events();
  if (events.length === 0) return `No event took ${latency.thresholdMs} ms or longer.\n`;
  return events
    .map(({ event, latest, maxMs }) => `${event}: at most ${maxMs} ms, lastly ${latest.ms} ms.\n`)
    .join('');
}

/** LATENCY HISTOGRAM [command ...]: of the commands whose time is measured, calls below each power of two. */
function writeHistograms(session: Session, request: Request): void {
  const { out, node } = session;
  const wanted = new Set<string>();
  for (let i = 2; i < request.count; i++) wanted.add(request.text(i).toLowerCase());
  const all = node.commands.list.flatMap((command) => [command, ...command.children]);
  const chosen = all.filter((command) => command.histogram !== undefined && isWanted(command, wanted));
  out.map(chosen.length);
  for (const command of chosen) {
    out.bulkText(command.name);
    out.map(2);
    out.bulkText('calls');
    out.integer(command.measured);
    out.bulkText('histogram_usec');
    writeBuckets(session, command.histogram ?? new Float64Array());
  }
}

function isWanted(command: Command, wanted: ReadonlySet<string>): boolean {
  return wanted.size === 0 || wanted.has(command.name) || wanted.has(command.name.split('|')[0]);
}

function writeBuckets(session: Session, histogram: Float64Array): void {
  const filled = [...histogram.keys()].filter((bucket) => histogram[bucket] > 0);
  session.out.map(filled.length);
  let total = 0;
  for (const bucket of filled) {
    total += histogram[bucket];
    session.out.integer(2 ** (bucket + 1));
    session.out.integer(total);
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
