/**
 * The state of the register as text, for the disk, and back.
 *
 *   sealed 1 258301 9f3a01c2
 *   {"format":1,"term":7,"votedFor":"n2","position":{"term":7,"version":40},"base":{"version":39,"voterSets":[...]}}
 *   {"format":1,"clusterId":"...", ...                       the topology that was accepted, if any
 *
 * One file and one write, since one promise cannot be read without the others.
 */
import type { MindDisk } from '../../cluster/index.js';
import {
  aNumber,
  aString,
  decodeTopology,
  encodeTopology,
  fields,
  isRefusal,
  list,
  optional,
  type Refusal,
  readData,
  sealText,
  unsealText,
} from '../../ring/index.js';

const FORMAT = 1;

/** A value and its base have two voter sets each; more is no state of ours. */
const MAX_VOTER_SETS = 8;
const MAX_VOTERS_OF_A_SET = 64;

interface Head {
  readonly format: number;
  readonly term: number;
  readonly votedFor: string | undefined;
  readonly position: { readonly term: number; readonly version: number } | undefined;
  readonly base: { readonly version: number; readonly voterSets: readonly (readonly string[])[] } | undefined;
}

const headShape = fields<Head>({
  format: aNumber,
  term: aNumber,
  votedFor: optional(aString),
  position: optional(fields({ term: aNumber, version: aNumber })),
  base: optional(
    fields({ version: aNumber, voterSets: list(list(aString, MAX_VOTERS_OF_A_SET), MAX_VOTER_SETS) }),
  ),
});

export function writeRegister({ term, votedFor, accepted }: MindDisk): string {
  const head: Head = {
    format: FORMAT,
    term,
    votedFor,
    position: accepted?.position,
    base: accepted?.base,
  };
  const topology = accepted === undefined ? '' : encodeTopology(accepted.value);
  return sealText(`${JSON.stringify(head)}\n${topology}`);
}

export function readRegister(sealed: string): MindDisk | Refusal {
  const unsealed = unsealText(sealed);
  if (isRefusal(unsealed)) return unsealed;
  const [head = '', topology = ''] = unsealed.text.split('\n', 2);
  const read = readHead(head);
  if (isRefusal(read)) return read;
  const { term, votedFor, position, base } = read;
  if (position === undefined || base === undefined) return { term, votedFor, accepted: undefined };
  const value = decodeTopology(topology);
  if (isRefusal(value)) return value;
  return { term, votedFor, accepted: { position, base, value } };
}

function readHead(text: string): Head | Refusal {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { refused: 'its first line is no JSON' };
  }
  const { format } = Object(value) as { format?: unknown };
  if (typeof format === 'number' && format > FORMAT)
    return {
      refused: `it has format ${format}, and known here is ${FORMAT}: use the Nuthatch that wrote it`,
    };
  return readData(headShape, value, 'register');
}
