/**
 * A topology as text, for the disk and for other nodes, and back.
 *
 *   {"format":1,"clusterId":"...","version":7,"lease":{...},...,"nodes":[...],"shards":[...],"slots":[...]}
 *
 * It is JSON in ASCII with a fixed order of fields, without what is undefined, so that equal topologies are equal texts
 * and a text has as many bytes as characters. What is read is built anew, field by field (data-shape.ts), and then checked like any other
 * topology. A field that nobody knows is refused: its writer meant something by it.
 *
 * The format is raised when the text changes its meaning. A newer one is refused, never guessed at.
 * Half-written or changed bytes are found by whoever keeps the text: sealed-text.ts.
 */
import { assert } from '../base/index.js';
import { aNumber, fields, readData } from './data-shape.js';
import { isRefusal, type Refusal, refusal, shown } from './refusal.js';
import type { Topology } from './topology.js';
import { topologyProblems } from './topology-problems.js';
import { topologyFields } from './topology-shape.js';

export const TOPOLOGY_FORMAT = 1;

/** Of the text. The largest topology that is right has about 1.5 MiB; what is longer is not worth parsing. */
export const MAX_TOPOLOGY_BYTES = 4 * 1024 * 1024;

interface WrittenTopology extends Topology {
  readonly format: number;
}

const bareShape = fields<Topology>(topologyFields);
const shape = fields<WrittenTopology>({ format: aNumber, ...topologyFields });

/** The topology, which is right, as text. */
export function encodeTopology(topology: Topology): string {
  const written = readData(shape, { format: TOPOLOGY_FORMAT, ...topology }, 'topology');
  assert(!isRefusal(written), 'a topology that is written has its shape');
  return JSON.stringify(written);
}

/** The topology of a text, or why it is none. */
export function decodeTopology(text: string): Topology | Refusal {
  if (text.length > MAX_TOPOLOGY_BYTES)
    return refusal([`the topology has ${text.length} bytes: it has at most ${MAX_TOPOLOGY_BYTES}`]);
  const value = parseJson(text);
  if (isRefusal(value)) return value;
  const { format } = value as { format?: unknown };
  if (typeof format !== 'number' || !Number.isInteger(format) || format < 1)
    return refusal([`the format of the topology is ${shown(format)}: it is a whole number from 1 on`]);
  if (format > TOPOLOGY_FORMAT)
    return refusal([
      `the topology has format ${format}, and known here is ${TOPOLOGY_FORMAT}: use the Nuthatch that wrote it, or a newer one`,
    ]);
  const written = readData(shape, value, 'topology');
  if (isRefusal(written)) return written;
  const { format: _, ...topology } = written;
  return checked(topology);
}

/** The topology of foreign data that came as part of something else, or why it is none. */
export function readTopology(value: unknown): Topology | Refusal {
  const topology = readData(bareShape, value, 'topology');
  return isRefusal(topology) ? topology : checked(topology);
}

function checked(topology: Topology): Topology | Refusal {
  const problems = topologyProblems(topology);
  return problems.length > 0 ? refusal(problems) : topology;
}

function parseJson(text: string): object | Refusal {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
    return refusal([`the topology is ${shown(value)}: it is an object`]);
  } catch {
    return refusal([`the topology is no JSON: it begins with ${shown(text)}`]);
  }
}
