/**
 * What happened in a run, a line for each, in fixed columns, so that two traces can be compared as texts:
 *
 *      time s  node   what     details
 *   12.345678  n3     receive  from n1: toy/grant term=4 sentMs=1200.5
 *
 * Nothing is built where nobody listens.
 */
/** Lines longer than that are cut. */
const MAX_DETAILS = 300;

export type TraceSink = (line: string) => void;

/** What a line is about; the third column. */
export type TraceWhat =
  | 'start'
  | 'crash'
  | 'tick'
  | 'send'
  | 'receive'
  | 'lost'
  | 'held'
  | 'persist'
  | 'kept'
  | 'failed'
  | 'note'
  | 'mark'
  | 'fact'
  | 'fault'
  | 'heal'
  | 'end'
  | 'VIOLATED';

export function traceLine(nowUs: number, node: string, what: TraceWhat, details: string): string {
  const time = (nowUs / 1_000_000).toFixed(6).padStart(11);
  const cut = details.length > MAX_DETAILS ? `${details.slice(0, MAX_DETAILS)}...` : details;
  return `${time}  ${node.padEnd(5)}  ${what.padEnd(8)}  ${cut}`.trimEnd();
}

/** 'toy/grant term=4 voters=[n1,n2]': the kind first, if it has one, then the other fields in their order. */
export function describeData(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return inner(value);
  const fields = Object.entries(value).filter(([name, field]) => field !== undefined && name !== 'kind');
  const kind: unknown = (value as { kind?: unknown }).kind;
  const words = fields.map(([name, field]) => `${name}=${inner(field)}`);
  return (typeof kind === 'string' ? [kind, ...words] : words).join(' ');
}

function inner(value: unknown): string {
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toFixed(3)));
  if (Array.isArray(value)) return `[${value.map(inner).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const kind: unknown = (value as { kind?: unknown }).kind;
    const fields = Object.entries(value).filter(([name, field]) => field !== undefined && name !== 'kind');
    const words = fields.map(([name, field]) => `${name}:${inner(field)}`).join(',');
    return typeof kind === 'string' ? `${kind}{${words}}` : `{${words}}`;
  }
  return String(value);
}
