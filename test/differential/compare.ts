/**
 * The rules by which two replies are compared. `exact` is the rule; each other one has a name, and stands in the
 * scenario beside the command whose reply cannot be the same twice (a clock, a random choice, an order that is not
 * promised, an id). None of them forgives a wrong type or a wrong structure.
 */
import { decode, type Reply, show } from '../kit/frames.js';

/** Texts which differ between servers by nature, and the names they go by: for instance `['$id2', '17']`. */
export type Names = readonly (readonly [name: string, value: string])[];

/** What the runner knows of the scenario so far. */
export interface Context {
  readonly redisNames: Names;
  readonly nodeNames: Names;
  /** How far the two servers may be apart in time, as one may have stood still meanwhile. */
  readonly slackMs: number;
}

export type Rule = (redis: readonly Buffer[], node: readonly Buffer[], context: Context) => boolean;

export const rules: Readonly<Record<string, Rule>> = {
  exact: each((redis, node) => redis.equals(node)),
  /** Nothing to compare: the runner waits until CLIENT LIST shows the connection as blocked. */
  blocked: (redis, node) => redis.length === 0 && node.length === 0,
  /** SCAN to its end, by the runner: all keys found, each once. */
  scan: each((redis, node) => redis.equals(node)),
  /** The reply to the last PING of a scenario: were it another's, that one was not expected by the scenario. */
  last: each((redis, node) => redis.equals(node) && redis.includes('and nothing else')),
  /** Arrays as sets (KEYS, SCAN, PUBSUB CHANNELS), and several frames in any order. */
  unordered: (redis, node) => allInAnyOrder(redis.map(decode)) === allInAnyOrder(node.map(decode)),
  /** Times in seconds, which are rounded. */
  'near-s': each((redis, node, { slackMs }) => near(decode(redis), decode(node), 1 + slackMs / 1000)),
  /** Times in milliseconds. */
  'near-ms': each((redis, node, { slackMs }) => near(decode(redis), decode(node), 1 + slackMs)),
  /** Types and structure alone; leaves may differ. */
  shape: each((redis, node) => shape(decode(redis)) === shape(decode(node))),
  /** Ids and addresses of connections are replaced by their names first. */
  names: each(
    (redis, node, { redisNames, nodeNames }) => renamed(redis, redisNames) === renamed(node, nodeNames),
  ),
  /** Lines of MONITOR: the same, without their time. */
  monitor: each(
    (redis, node, { redisNames, nodeNames }) =>
      renamed(redis, redisNames).replace(monitorTime, '+') ===
      renamed(node, nodeNames).replace(monitorTime, '+'),
  ),
  /** CLIENT LIST and INFO: the same fields in the same order, and the same values where they are not measurements. */
  clients: each(
    (redis, node, { redisNames, nodeNames }) =>
      clientFields(renamed(redis, redisNames)) === clientFields(renamed(node, nodeNames)),
  ),
};

/** What makes two frames equal under a rule, for messages. */
export function explain(redis: readonly Buffer[], node: readonly Buffer[]): string {
  const list = (frames: readonly Buffer[]) =>
    frames.map((frame) => show(frame, 600)).join(' then ') || '(nothing)';
  return `\n      redis:    ${list(redis)}\n      nuthatch: ${list(node)}`;
}

function each(rule: (redis: Buffer, node: Buffer, context: Context) => boolean): Rule {
  return (redis, node, context) =>
    redis.length === node.length && redis.every((frame, index) => rule(frame, node[index], context));
}

/** One frame as a set; of several, all shapes and all leaves: UNSUBSCRIBE counts down in whatever order it goes. */
function allInAnyOrder(replies: readonly Reply[]): string {
  if (replies.length === 1) return canonical(replies[0]);
  return JSON.stringify([replies.map(shape).sort(), replies.flatMap(leaves).sort()]);
}

function leaves(reply: Reply): string[] {
  return Array.isArray(reply.value)
    ? reply.value.flatMap((item: Reply) => leaves(item))
    : [String(reply.value)];
}

function canonical(reply: Reply): string {
  if (!Array.isArray(reply.value)) return `${reply.type}${JSON.stringify(reply.value)}`;
  return `${reply.type}[${reply.value.map(canonical).sort().join()}]`;
}

function near(redis: Reply, node: Reply, tolerance: number): boolean {
  if (redis.type !== node.type) return false;
  if (Array.isArray(redis.value)) {
    const other = node.value;
    if (!Array.isArray(other) || other.length !== redis.value.length) return false;
    return redis.value.every((item, index) => near(item, other[index], tolerance));
  }
  const [a, b] = [Number(redis.value), Number(node.value)];
  if (Number.isNaN(a) || Number.isNaN(b)) return redis.value === node.value;
  return redis.value === node.value || (a > 0 && b > 0 && Math.abs(a - b) <= tolerance);
}

function shape(reply: Reply): string {
  if (reply.value === null) return `${reply.type}null`;
  return Array.isArray(reply.value) ? `${reply.type}[${reply.value.map(shape).join()}]` : reply.type;
}

function renamed(frame: Buffer, names: Names): string {
  let text = JSON.stringify(decode(frame));
  // The longest first: an id may be the beginning of an address.
  for (const [name, value] of [...names].sort(([, a], [, b]) => b.length - a.length))
    text = text.replace(new RegExp(`(?<![0-9])${value}(?![0-9])`, 'g'), name);
  return text;
}

const measured =
  /\b(age|idle|qbuf|qbuf-free|argv-mem|multi-mem|rbs|rbp|obl|oll|omem|tot-mem|fd|events|laddr)=[^ ]*/g;

const monitorTime = /\d+\.\d{6} (?=\[)/;

/** Fields that Redis has since 7.2. */
const newer = / lib-name=\S* lib-ver=[^ \\]*/g;

function clientFields(text: string): string {
  return text.replace(newer, '').replace(measured, '$1');
}
