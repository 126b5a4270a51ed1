/** The options of `nuthatch up`, checked, all problems at once; and the nodes that follow from them. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { optionRanges } from '../../node/index.js';
import { MAX_REPLICAS, MAX_SHARDS, type Refusal } from '../../ring/index.js';
import type { CallTls } from '../call-connection.js';
import { counted } from '../cluster/cluster-summary.js';
import { reasonOf } from '../file-problem.js';
import { FlagReader, type TextFlags } from '../flag-reader.js';
import { BUS_PORT_OFFSET, DEFAULT_PORT } from '../node-address.js';
import { file, folder, integer, type MemoryAmount, memory, port, secret } from '../option-kinds.js';
import { optionSpec } from '../options-table.js';
import type { Variables } from '../variables.js';
import { LAST_PORT } from './ports.js';
import type { NodePlan } from './supervisor.js';
import type { UpShape } from './up-shape.js';

/** Each is a process that takes 1.5 s of a core to start: with more of them the last are not up in time. */
const MAX_NODES_PER_CORE = 16;
/** The least that a node takes. */
const WITNESS_MEMORY = '2mb';

export const UP_HOST = '127.0.0.1';

export interface UpOptions {
  /** Undefined of all three: as before in the folder, else the default. */
  readonly shards: number | undefined;
  readonly replicas: number | undefined;
  readonly port: number | undefined;
  readonly takesFreePorts: boolean;
  /** Undefined: a temporary folder. */
  readonly data: string | undefined;
  /** Of each node; undefined: the default, divided by the nodes. */
  readonly maxMemory: MemoryAmount | undefined;
  /** Empty: none. */
  readonly password: string;
  /** How TLS is spoken to the nodes; undefined: they have no certificate. */
  readonly tls: CallTls | undefined;
  /** What each node is told of TLS. */
  readonly tlsArgs: readonly string[];
  /** Options of `nuthatch start`, for each node. */
  readonly rest: readonly string[];
}

const none: number | undefined = undefined;

/** What a node is told by `nodePlans`. */
const ownFlags =
  /^(-p|--(cluster|join|host|announce-host|port|bus-port|data|(no-)?voter|(no-)?free-port|(no-)?status|log-format))(=|$)/;

export function upOptions(
  flags: TextFlags,
  variables: Variables,
  rest: readonly string[],
): UpOptions | { readonly problems: readonly string[] } {
  const reader = new FlagReader(flags, variables);
  const options: UpOptions = {
    shards: reader.read(integer({ min: 1, max: MAX_SHARDS }), 'shards', none),
    replicas: reader.read(integer({ min: 0, max: MAX_REPLICAS }), 'replicas', none),
    port: reader.read(port(), 'port', none, 'port'),
    takesFreePorts: flags['freePorts'] === true,
    data: reader.read(folder(), 'data', undefined as string | undefined, 'data'),
    maxMemory: reader.read(
      memory(optionRanges.maxMemoryBytes),
      'max-memory',
      undefined as MemoryAmount | undefined,
      'max-memory',
    ),
    password: passwordOf(reader),
    tls: reader.ownTls(),
    tlsArgs: (['tls-cert', 'tls-key', 'tls-ca', 'tls-clients'] as const).flatMap((name) => {
      const { kind, default: none } = optionSpec(name);
      const value = reader.read(kind, name, none, name);
      return value === none ? [] : [`--${name}`, String(value)];
    }),
    rest,
  };
  const taken = rest.filter((word) => ownFlags.test(word)).map((word) => word.replace(/=.*$/s, ''));
  for (const flag of taken)
    reader.problems.push(
      `${flag} stands behind --, and nuthatch up gives each node its own: leave it out there`,
    );
  if (options.port === 0) reader.problems.push('--port 0 says no port: give one, or --free-ports');
  return reader.problems.length > 0 ? { problems: reader.problems } : options;
}

/** The password itself, which counts first, or that of a file. */
function passwordOf(reader: FlagReader): string {
  const password = reader.read(secret(), 'password', '', 'password');
  const path = reader.read(file(), 'password-file', '', 'password-file');
  if (password !== '' || path === '') return password;
  try {
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    if (text === '') reader.problems.push(`the password file ${path} is empty: write the password into it`);
    return text;
  } catch (error) {
    reader.problems.push(`the password file ${path} cannot be read (${reasonOf(error)})`);
    return '';
  }
}

/** What is to be, beside what was in the folder; or why not. */
export function shapeOf(
  options: UpOptions,
  before: UpShape | undefined,
  cores = availableParallelism(),
): UpShape | Refusal {
  const { shards, replicas, port, data } = options;
  const shape = {
    shards: shards ?? before?.shards ?? cores,
    replicas: replicas ?? before?.replicas ?? 1,
    port: port ?? before?.port ?? DEFAULT_PORT,
  };
  const last = shape.port + nodeCount(shape) - 1;
  if (last > LAST_PORT)
    return {
      refused: `the nodes would have ports up to ${last}, beyond ${LAST_PORT}, the last one with a bus 10000 above it: give a lower --port`,
    };
  const count = nodeCount(shape);
  if (count > cores * MAX_NODES_PER_CORE)
    return {
      refused:
        `${sizeText(shape)} need ${count} nodes, and ${counted(cores, 'core')} bear ${cores * MAX_NODES_PER_CORE}: ` +
        'give fewer --shards or --replicas; what is gained by many is one shard for each core',
    };
  if (before === undefined || (before.shards === shape.shards && before.replicas === shape.replicas))
    return shape;
  return {
    refused:
      `${data} holds a cluster of ${sizeText(before)}, not of ${sizeText(shape)}: ` +
      `give --shards ${before.shards} --replicas ${before.replicas}, or another --data`,
  };
}

/** '3 shards with 1 replica each' */
export function sizeText({ shards, replicas }: Pick<UpShape, 'shards' | 'replicas'>): string {
  return `${counted(shards, 'shard')} with ${counted(replicas, 'replica')} each`;
}

/** How many nodes hold data. */
export function holdingCount({ shards, replicas }: Pick<UpShape, 'shards' | 'replicas'>): number {
  return shards * (1 + replicas);
}

/** How many nodes there are: those of the shards, and a witness where two alone could not fail over. */
export function nodeCount(size: Pick<UpShape, 'shards' | 'replicas'>): number {
  const holding = holdingCount(size);
  return holding === 2 && size.replicas === 1 ? 3 : holding;
}

/** `folderOf` gives the folder of node 1 and so on. */
export function nodePlans(
  shape: UpShape,
  rest: readonly string[],
  maxMemory: string,
  folderOf: (number: number) => string,
  keepsLogs: boolean,
): NodePlan[] {
  const holding = holdingCount(shape);
  const ports = Array.from({ length: nodeCount(shape) }, (_, i) => shape.port + i);
  return ports.map((port, i) => {
    const join = ports.filter((other) => other !== port).map((other) => `${UP_HOST}:${other}`);
    const data = folderOf(i + 1);
    return {
      name: `node ${i + 1} (${port})`,
      logFolder: keepsLogs ? data : undefined,
      args: [
        'start',
        '--max-memory',
        i < holding ? maxMemory : WITNESS_MEMORY,
        ...rest,
        // What makes it a node of this cluster counts, whatever variables say for others.
        '--cluster',
        ...(join.length === 0 ? [] : ['--join', join.join(',')]),
        '--host',
        UP_HOST,
        '--announce-host',
        UP_HOST,
        '--port',
        String(port),
        '--bus-port',
        String(port + BUS_PORT_OFFSET),
        '--data',
        data,
        i < holding ? '--no-voter' : '--voter',
        '--no-free-port',
        '--no-status',
        '--log-format',
        'json',
      ],
    };
  });
}
