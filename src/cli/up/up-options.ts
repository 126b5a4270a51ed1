/** The options of `nuthatch up`, checked, all problems at once; and the nodes that follow from them. */
import { availableParallelism } from 'node:os';
import { optionRanges } from '../../node/index.js';
import { MAX_REPLICAS, MAX_SHARDS } from '../../ring/index.js';
import { FlagReader, type TextFlags } from '../flag-reader.js';
import { BUS_PORT_OFFSET, DEFAULT_PORT } from '../node-address.js';
import { folder, integer, type MemoryAmount, memory, port, secret } from '../option-kinds.js';
import type { Variables } from '../variables.js';
import type { NodePlan } from './supervisor.js';

export const UP_HOST = '127.0.0.1';

export interface UpOptions {
  readonly shards: number;
  readonly replicas: number;
  readonly port: number;
  readonly takesFreePorts: boolean;
  /** Undefined: a temporary folder. */
  readonly data: string | undefined;
  /** Of each node; undefined: the default, divided by the nodes. */
  readonly maxMemory: MemoryAmount | undefined;
  /** Empty: none. */
  readonly password: string;
  /** Options of `nuthatch start`, for each node. */
  readonly rest: readonly string[];
}

export function upOptions(
  flags: TextFlags,
  variables: Variables,
  rest: readonly string[],
  cores = availableParallelism(),
): UpOptions | { readonly problems: readonly string[] } {
  const reader = new FlagReader(flags, variables);
  const options: UpOptions = {
    shards: reader.read(integer({ min: 1, max: MAX_SHARDS }), 'shards', cores),
    replicas: reader.read(integer({ min: 0, max: MAX_REPLICAS }), 'replicas', 1),
    port: reader.read(port(), 'port', DEFAULT_PORT, 'port'),
    takesFreePorts: flags['freePorts'] === true,
    data: reader.read(folder(), 'data', undefined as string | undefined, 'data'),
    maxMemory: reader.read(
      memory(optionRanges.maxMemoryBytes),
      'max-memory',
      undefined as MemoryAmount | undefined,
      'max-memory',
    ),
    password: reader.read(secret(), 'password', '', 'password'),
    rest,
  };
  if (options.port === 0) reader.problems.push('--port 0 says no port: give one, or --free-ports');
  return reader.problems.length > 0 ? { problems: reader.problems } : options;
}

/** How many nodes there are: those of the shards, and a witness where two alone could not fail over. */
export function nodeCount({ shards, replicas }: { shards: number; replicas: number }): number {
  const holding = shards * (1 + replicas);
  return holding === 2 && replicas === 1 ? 3 : holding;
}

/** `folderOf` gives the folder of node 1 and so on. */
export function nodePlans(
  options: UpOptions,
  firstPort: number,
  maxMemory: string,
  folderOf: (number: number) => string,
  keepsLogs: boolean,
): NodePlan[] {
  const count = nodeCount(options);
  const holding = options.shards * (1 + options.replicas);
  const ports = Array.from({ length: count }, (_, i) => firstPort + i);
  return ports.map((port, i) => {
    const join = ports.filter((other) => other !== port).map((other) => `${UP_HOST}:${other}`);
    const data = folderOf(i + 1);
    return {
      name: `node ${i + 1} (${port})`,
      logFolder: keepsLogs ? data : undefined,
      args: [
        'start',
        '--max-memory',
        maxMemory,
        ...options.rest,
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
