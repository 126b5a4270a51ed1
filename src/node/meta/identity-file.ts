/** Who this node is, and how often it has started, as text for the disk: `{"format":1,"node":"n-9f3a01c2d4e5","starts":7}`, sealed. */
import {
  aNumber,
  aString,
  fields,
  isNodeId,
  isRefusal,
  type Refusal,
  readData,
  sealText,
  unsealText,
} from '../../ring/index.js';

const FORMAT = 1;

/** Beyond it a counter would not fit an incarnation; one start a millisecond takes 30,000 years. */
const MAX_STARTS = 1e15 - 1;

export interface Identity {
  readonly node: string;
  /** The number of the last start that was begun. */
  readonly starts: number;
}

const shape = fields<Identity & { readonly format: number }>({
  format: aNumber,
  node: aString,
  starts: aNumber,
});

export function writeIdentity({ node, starts }: Identity): string {
  return sealText(JSON.stringify({ format: FORMAT, node, starts }));
}

export function readIdentity(sealed: string): Identity | Refusal {
  const unsealed = unsealText(sealed);
  if (isRefusal(unsealed)) return unsealed;
  let value: unknown;
  try {
    value = JSON.parse(unsealed.text);
  } catch {
    return { refused: 'it is no JSON' };
  }
  const read = readData(shape, value, 'identity');
  if (isRefusal(read)) return read;
  const { format, node, starts } = read;
  if (format !== FORMAT)
    return {
      refused: `it has format ${format}, and known here is ${FORMAT}: use the Nuthatch that wrote it`,
    };
  if (!isNodeId(node)) return { refused: `its node is "${node}": 1 to 40 of a-z, 0-9 and '-'` };
  if (!Number.isInteger(starts) || starts < 1 || starts >= MAX_STARTS)
    return { refused: `it counts ${starts} starts: a whole number from 1 on` };
  return { node, starts };
}
