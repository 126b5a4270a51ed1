/** The commands of `nuthatch cluster`: flags in, what is printed and the exit code out. */
import { isRefusal, MAX_REPLICAS, MAX_SHARDS } from '../../ring/index.js';
import { ConnectionError } from '../call-connection.js';
import { ExitCode } from '../exit-codes.js';
import { type AskedNode, FlagReader, type TextFlags } from '../flag-reader.js';
import { type NodeAddress, nodeAddressText, parseNodeAddress, reachableHost } from '../node-address.js';
import { integer } from '../option-kinds.js';
import { wantsColor } from '../screen.js';
import { summarize } from './cluster-summary.js';
import { type ClusterView, isExpected, viewCluster } from './cluster-view.js';
import { examine } from './doctor.js';
import { doctorText } from './doctor-text.js';
import { handOver } from './failover.js';
import { init } from './init.js';
import { type Paint, painter } from './paint.js';
import { ringText } from './ring-text.js';
import { statusText } from './status-text.js';
import { mergeTimelines } from './timeline.js';

/** Lines are no wider where there is no terminal, or a wide one. */
const MAX_COLUMNS = 100;
const COLUMNS_WITHOUT_TERMINAL = 80;

export async function runLook(what: 'status' | 'ring' | 'doctor', flags: TextFlags): Promise<ExitCode> {
  const asked = askedNode(flags);
  if (asked === undefined) return ExitCode.USAGE;
  return told(async () => {
    const view = await viewCluster(asked);
    const { text, data, code } = looks[what](view);
    print(flags, data, text);
    return code;
  });
}

export async function runInit(names: readonly string[], flags: TextFlags): Promise<ExitCode> {
  const reader = new FlagReader(flags, process.env);
  const shards = reader.read(integer({ min: 1, max: MAX_SHARDS }), 'shards', undefined as number | undefined);
  const replicas = reader.read(integer({ min: 0, max: MAX_REPLICAS }), 'replicas', 1);
  const access = reader.access();
  const nodes: NodeAddress[] = [];
  for (const name of names) {
    const node = parseNodeAddress(name);
    if ('problem' in node) reader.problems.push(`${name} ${node.problem}`);
    else if (nodes.some((one) => nodeAddressText(one) === nodeAddressText(node)))
      reader.problems.push(`${name} is named twice`);
    else nodes.push(node);
  }
  if (reader.problems.length > 0) return usage(reader.problems);
  return told(async () => {
    const done = await init({ nodes, shards, replicas, access });
    if (isRefusal(done)) return refused(done.refused);
    const [{ host, port }] = nodes;
    const view = await viewCluster({ host: reachableHost(host), port, ...access });
    print(
      flags,
      summarize(view),
      () => `The cluster is begun.\n\n${statusText(summarize(view), columns(), paint())}`,
    );
    return ExitCode.OK;
  });
}

export async function runFailover(shardText: string, flags: TextFlags): Promise<ExitCode> {
  const asked = askedNode(flags);
  if (asked === undefined) return ExitCode.USAGE;
  const parsed = integer({ min: 1, max: 1_000_000 }).parse(shardText);
  if ('problem' in parsed) return usage([`${shardText} ${parsed.problem}`]);
  const to = typeof flags['to'] === 'string' ? flags['to'] : undefined;
  return told(async () => {
    const done = await handOver(asked, parsed.value, to);
    if (isRefusal(done)) return refused(done.refused);
    const { shard, from, to: heir, epoch, tookMs } = done;
    print(flags, done, () => `shard ${shard}: ${from} -> ${heir} in ${tookMs} ms, epoch ${epoch}\n`);
    return ExitCode.OK;
  });
}

interface Look {
  readonly text: () => string;
  readonly data: unknown;
  readonly code: ExitCode;
}

const looks: Readonly<Record<'status' | 'ring' | 'doctor', (view: ClusterView) => Look>> = {
  status(view) {
    const summary = summarize(view);
    return { text: () => statusText(summary, columns(), paint()), data: summary, code: ExitCode.OK };
  },
  ring(view) {
    const summary = summarize(view);
    const history = mergeTimelines(view.nodes);
    return {
      text: () => ringText({ summary, history, nowMs: Date.now() }, columns(), paint()),
      data: { shards: summary.shards, history },
      code: ExitCode.OK,
    };
  },
  doctor(view) {
    const findings = examine(view, summarize(view));
    const isWrong = findings.some(({ level }) => level === 'wrong');
    return {
      text: () => doctorText(findings, view.nodes.length, columns(), paint()),
      data: { findings },
      code: isWrong ? ExitCode.ERROR_REPLY : ExitCode.OK,
    };
  },
};

function askedNode(flags: TextFlags): AskedNode | undefined {
  const reader = new FlagReader(flags, process.env);
  const asked = reader.askedNode();
  if (reader.problems.length === 0) return asked;
  usage(reader.problems);
  return undefined;
}

/** Errors that a cluster can bring about are told in a line; what is none of them is a defect. */
async function told(work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    if (!isExpected(error)) throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    return error instanceof ConnectionError ? ExitCode.UNAVAILABLE : ExitCode.ERROR_REPLY;
  }
}

function print(flags: TextFlags, data: unknown, text: () => string): void {
  process.stdout.write(flags['json'] === true ? `${JSON.stringify(data)}\n` : text());
}

function refused(why: string): ExitCode {
  process.stderr.write(`${why}${/[.!?]$/.test(why) ? '' : '.'}\n`);
  return ExitCode.ERROR_REPLY;
}

function usage(problems: readonly string[]): ExitCode {
  process.stderr.write(`${problems.join('\n')}\n`);
  return ExitCode.USAGE;
}

function columns(): number {
  return Math.min(process.stdout.columns ?? COLUMNS_WITHOUT_TERMINAL, MAX_COLUMNS);
}

function paint(): Paint {
  return painter(wantsColor(process.stdout, process.env));
}
