/**
 * CLUSTER STATUS as it was sent by a node that may be of another version: what is missing or of another type is as if it was not
 * known, and what nobody here knows is passed over.
 */
import type {
  ClusterStatus,
  CopyStatus,
  FollowerStatus,
  MemberStatus,
  TimelineEntry,
} from '../../node/index.js';

/** No node keeps more of either. */
const MAX_ITEMS = 10_000;

/** Undefined for what is no status of a node. */
export function readStatus(text: string): ClusterStatus | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const fields = fieldsOf(value);
  const node = textOf(fields['node']);
  if (node === '') return undefined;
  const clusterId = textOf(fields['clusterId']);
  const copy = copyOf(fields['copy']);
  return {
    node,
    incarnation: textOf(fields['incarnation']),
    address: textOf(fields['address']),
    nuthatch: textOf(fields['nuthatch']),
    zone: textOf(fields['zone']),
    holdsData: fields['holdsData'] !== false,
    ...(clusterId === '' ? {} : { clusterId }),
    wallMs: numberOf(fields['wallMs']),
    role: oneOf(fields['role'], ['follower', 'asking', 'standing', 'leader']),
    term: numberOf(fields['term']),
    version: numberOf(fields['version']),
    acceptedVersion: numberOf(fields['acceptedVersion'], numberOf(fields['version'])),
    members: listOf(fields['members'], memberOf),
    ...(copy === undefined ? {} : { copy }),
    timeline: listOf(fields['timeline'], entryOf),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function memberOf(fields: Fields): MemberStatus {
  return {
    node: textOf(fields['node']),
    incarnation: textOf(fields['incarnation']),
    address: textOf(fields['address']),
    state: oneOf(fields['state'], ['alive', 'suspect', 'dead', 'left']),
  };
}

function copyOf(value: unknown): CopyStatus | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = fieldsOf(value);
  return {
    shard: numberOf(fields['shard']),
    epoch: numberOf(fields['epoch']),
    role: oneOf(fields['role'], ['replica', 'primary']),
    leaseLeftMs: numberOf(fields['leaseLeftMs']),
    offset: numberOf(fields['offset']),
    confirmed: numberOf(fields['confirmed']),
    staleMs: numberOf(fields['staleMs']),
    followers: listOf(fields['followers'], followerOf),
  };
}

function followerOf(fields: Fields): FollowerStatus {
  return {
    node: textOf(fields['node']),
    offset: numberOf(fields['offset']),
    lagMs: numberOf(fields['lagMs']),
    isInSync: fields['isInSync'] === true,
  };
}

function entryOf(fields: Fields): TimelineEntry {
  const version = numberOf(fields['version']);
  return {
    atMs: numberOf(fields['atMs']),
    text: textOf(fields['text']),
    ...(version === 0 ? {} : { version }),
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listOf<T>(value: unknown, item: (fields: Fields) => T): T[] {
  return Array.isArray(value) ? value.slice(0, MAX_ITEMS).map((one) => item(fieldsOf(one))) : [];
}

/** What people see is one line, and moves no cursor. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ') : '';
}

function numberOf(value: unknown, fallback = 0): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : fallback;
}

/** The first one for what is none of them. */
function oneOf<const T extends string>(value: unknown, values: readonly [T, ...T[]]): T {
  return values.find((one) => one === value) ?? values[0];
}
