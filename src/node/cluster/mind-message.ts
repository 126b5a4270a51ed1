/**
 * Messages of other nodes' minds as they come from the bus: data that somebody with the secret sent, until it was read here.
 *
 *   {"life":"7-9f3a01c2","cluster":"c1","body":{"kind":"swim/ping", ...}}      who says it, of which cluster, and what
 *
 * The machines of the mind take for granted that what they are told has its form. So it is copied field by field, in the shape of its
 * kind, with every bound that the machines and the disk rely on; topologies are checked like one that was read from disk, and
 * what a message says twice must agree. What is none is refused with the reason, and nobody hears of it.
 *
 * What has its form may still be what cannot be: a second leader of a term, a difference that leads elsewhere than it says. The machines take that for a
 * broken invariant, which ends a node. So what would break one is told from what is known here, and dropped too: to lose a message
 * is always safe.
 *
 * Cost: a copy of the message; of a whole topology some ms, which is rare.
 */
import type { Claim, MemberState, MindMessage } from '../../cluster/index.js';
import {
  aBoolean,
  aNumber,
  applyDiff,
  fields,
  type Incarnation,
  isIncarnation,
  isNodeId,
  isRefusal,
  list,
  MAX_SHARDS,
  MAX_TOPOLOGY_NODES,
  MAX_VOTERS,
  type NodeId,
  nodeProblems,
  nodeShape,
  optional,
  type Refusal,
  readChange,
  readData,
  readDiff,
  readTopology,
  type Shape,
  type Topology,
  textOfAtMost,
} from '../../ring/index.js';

/** What travels. */
export interface Wire {
  readonly life: Incarnation;
  /** Left out while the sender belongs to none. */
  readonly cluster?: string;
  readonly body: MindMessage;
}

/** An exchange tells of everyone that a node has heard of; more than it takes in (MAX_MEMBERS of membership.ts). */
const MAX_CLAIMS = 4 * MAX_TOPOLOGY_NODES + 1;
/** One proposal; a plan of all shards at once. */
const MAX_CHANGES = MAX_SHARDS;
/** Those of a value and of its base. */
const MAX_VOTER_SETS = 4;
/** Sentences of others. */
const MAX_WHY_LENGTH = 4_000;

type Kind = MindMessage['kind'];
type Of<K extends Kind> = MindMessage & { readonly kind: K };
/** What stands beside the kind. */
type Beside<K extends Kind> = { readonly [F in Exclude<keyof Of<K>, 'kind'>]-?: Shape<Of<K>[F]> };

const aCount: Shape<number> = (value, at, problems) => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value + 0;
  problems.push(`${at} is no whole number from 0 on`);
  return 0;
};

function aText(isOne: (text: string) => boolean, what: string): Shape<string> {
  const short = textOfAtMost(100);
  return (value, at, problems) => {
    const text = short(value, at, problems);
    if (!isOne(text)) problems.push(`${at} is no ${what}`);
    return text;
  };
}

function oneOf<T extends string>(...words: readonly T[]): Shape<T> {
  return (value, at, problems) => {
    const word = words.find((one) => one === value);
    if (word === undefined) problems.push(`${at} is none of ${words.join(', ')}`);
    return word as T;
  };
}

/** Of one who reads values by himself. */
function as<T extends object>(read: (value: unknown) => T | Refusal): Shape<T> {
  return (value, at, problems) => {
    const result = read(value);
    if (!isRefusal(result)) return result;
    problems.push(`${at}: ${result.refused}`);
    return value as T;
  };
}

const aNodeId = aText(isNodeId, 'id of a node');
const aLife = aText(isIncarnation, 'name of a life');
const why = textOfAtMost(MAX_WHY_LENGTH);

const position = fields<{ readonly term: number; readonly version: number }>({
  term: aCount,
  version: aCount,
});
const committed = optional(position);
const accepted = optional(position);

const base = fields<Of<'register/publish'>['base']>({
  version: aCount,
  voterSets: list(list(aNodeId, MAX_VOTERS), MAX_VOTER_SETS),
});

const aTopology = as<Topology>(readTopology);
const whole = fields<{ readonly kind: 'whole'; readonly value: Topology }>({
  kind: oneOf('whole'),
  value: aTopology,
});
const patch = fields<Extract<Of<'register/publish'>['content'], { readonly kind: 'patch' }>>({
  kind: oneOf('patch'),
  of: aCount,
  diff: as(readDiff),
});
const content: Shape<Of<'register/publish'>['content']> = (value, at, problems) =>
  kindOf(value) === 'patch' ? patch(value, at, problems) : whole(value, at, problems);

const leader = optional(
  fields<{ readonly node: NodeId; readonly term: number }>({ node: aNodeId, term: aCount }),
);

type Outcome = Of<'register/outcome'>['outcome'];
const outcomes: { readonly [K in Outcome['kind']]: Shape<Extract<Outcome, { readonly kind: K }>> } = {
  done: fields({ kind: oneOf('done'), version: aCount }),
  refused: fields({ kind: oneOf('refused'), version: aCount, why }),
  'not-leader': fields({ kind: oneOf('not-leader'), leader }),
  unknown: fields({ kind: oneOf('unknown'), why }),
};
const outcome: Shape<Outcome> = (value, at, problems) => {
  const kind = kindOf(value);
  return Object.hasOwn(outcomes, kind)
    ? outcomes[kind as Outcome['kind']](value, at, problems)
    : outcomes.unknown(value, at, problems);
};

/** A node and what is said of it; read as a node, then the rest. */
const claim: Shape<Claim> = (value, at, problems) => {
  const { state, assertion, by, ...rest } = Object(value) as Partial<Claim>;
  const node = nodeShape(rest, at, problems);
  if (problems.length === 0) problems.push(...nodeProblems(node));
  const said = claimed({ state, assertion, by }, at, problems);
  return said.by === undefined
    ? { ...node, state: said.state, assertion: said.assertion }
    : { ...node, state: said.state, assertion: said.assertion, by: said.by };
};
const claimed = fields<Pick<Claim, 'state' | 'assertion'> & { readonly by: NodeId | undefined }>({
  state: oneOf<MemberState>('alive', 'suspect', 'dead', 'left'),
  assertion: aCount,
  by: optional(aNodeId),
});
const news = list(claim, MAX_CLAIMS);

const ofPrimary = { shard: aCount, epoch: aCount, incarnation: aLife };
const asked = { ...ofPrimary, voterVersion: aCount, leaseMs: aNumber, sentAtMs: aNumber };

const shapes: { readonly [K in Kind]: Shape<Of<K>> } = {
  ...shape('swim/ping', { sequence: aCount, life: aLife, news }),
  ...shape('swim/ack', { sequence: aCount, life: aLife, news }),
  ...shape('swim/ask', { sequence: aCount, target: aNodeId, life: aLife, news }),
  ...shape('swim/nack', { sequence: aCount, news }),
  ...shape('swim/gossip', { news }),
  ...shape('swim/exchange', { isAnswer: aBoolean, news }),
  ...shape('register/pre-vote', { committed, round: aCount, accepted }),
  ...shape('register/pre-vote-answer', { committed, round: aCount, term: aCount, isGranted: aBoolean }),
  ...shape('register/vote', { committed, term: aCount, accepted }),
  ...shape('register/vote-answer', { committed, term: aCount, isGranted: aBoolean }),
  ...shape('register/publish', { committed, position, base, content }),
  ...shape('register/accepted', { committed, position }),
  ...shape('register/needs-whole', { committed, position }),
  ...shape('register/check', { committed, term: aCount, number: aCount }),
  ...shape('register/check-answer', {
    committed,
    term: aCount,
    number: aCount,
    accepted,
    held: optional(position),
    report: fields({ lapsed: list(fields({ shard: aCount, epoch: aCount }), MAX_SHARDS) }),
  }),
  ...shape('register/outdated', { committed, term: aCount }),
  ...shape('register/fetch', { committed }),
  ...shape('register/committed', { committed, news: optional(fields({ base, content })), leader }),
  ...shape('register/propose', {
    committed,
    term: aCount,
    id: aCount,
    changes: list(as(readChange), MAX_CHANGES),
  }),
  ...shape('register/outcome', { committed, id: aCount, outcome }),
  ...shape('register/stand', { committed, term: aCount }),
  ...shape('lease/heartbeat', { ...asked, asksPromise: aBoolean }),
  ...shape('lease/answer', {
    ...asked,
    isGranted: aBoolean,
    committedTerm: aCount,
    committedVersion: aCount,
    voterClockMs: aNumber,
  }),
  ...shape('lease/release', ofPrimary),
};

const envelope = fields<{
  readonly life: string;
  readonly cluster: string | undefined;
  readonly body: unknown;
}>({
  life: aLife,
  cluster: optional(aText(isNodeId, 'id of a cluster')),
  body: (value) => value,
});

/** What another node's mind says, or why it is nothing that one says. */
export function readWire(value: object): Wire | Refusal {
  const read = readData(envelope, value, 'message');
  if (isRefusal(read)) return read;
  const { life, cluster } = read;
  const kind = kindOf(read.body);
  if (!Object.hasOwn(shapes, kind)) return { refused: `a message of the kind "${kind}" is not known here` };
  const body = readData<MindMessage>(shapes[kind as Kind] as Shape<MindMessage>, read.body, kind);
  if (isRefusal(body)) return body;
  const contradiction = contradictionIn(body);
  if (contradiction !== undefined) return { refused: `${kind}: ${contradiction}` };
  return { life, ...(cluster !== undefined && { cluster }), body };
}

/** What this node knows, with which a message must agree. */
export interface Known {
  readonly committed: Topology | undefined;
  readonly isLeader: boolean;
  readonly term: number;
}

/** Why a message cannot be true, by what is known here; undefined: it may be. */
export function lieIn(message: MindMessage, known: Known): string | undefined {
  if (message.kind === 'register/check' && known.isLeader && message.term === known.term)
    return `it leads term ${message.term}, as this node does`;
  if (message.kind === 'register/publish') {
    if (known.isLeader && message.position.term === known.term)
      return `it leads term ${message.position.term}, as this node does`;
    return lieInContent(message.content, known);
  }
  if (message.kind !== 'register/committed' || message.news === undefined) return undefined;
  const { base: of, content: value } = message.news;
  const isNewer = (message.committed?.version ?? 0) > (known.committed?.version ?? 0);
  if (isNewer && of.version < (known.committed?.version ?? 0))
    return `version ${message.committed?.version} was made of version ${of.version}, and version ${known.committed?.version} is committed`;
  return lieInContent(value, known);
}

function lieInContent(
  value: Of<'register/publish'>['content'],
  { committed: known }: Known,
): string | undefined {
  if (value.kind === 'whole' || known?.version !== value.of) return undefined;
  const next = applyDiff(known, value.diff);
  return isRefusal(next) ? next.refused : undefined;
}

function contradictionIn(message: MindMessage): string | undefined {
  if (message.kind === 'register/publish')
    return contradictionOf(message.position.version, message.base.version, message.content);
  if (message.kind !== 'register/committed' || message.news === undefined) return undefined;
  if (message.committed === undefined) return 'news of nothing';
  return contradictionOf(message.committed.version, message.news.base.version, message.news.content);
}

function contradictionOf(
  version: number,
  baseVersion: number,
  value: Of<'register/publish'>['content'],
): string | undefined {
  const says = value.kind === 'whole' ? value.value.version : value.diff.to.version;
  if (says !== version) return `version ${version} has a value of version ${says}`;
  if (baseVersion >= version) return `version ${version} was made of version ${baseVersion}`;
  if (value.kind === 'patch' && value.of !== value.diff.from.version)
    return `a difference to version ${value.of} is one to version ${value.diff.from.version}`;
  return undefined;
}

function kindOf(value: unknown): string {
  const kind = typeof value === 'object' && value !== null ? (value as { kind?: unknown }).kind : undefined;
  return typeof kind === 'string' ? kind.slice(0, 40) : '';
}

function shape<K extends Kind>(kind: K, beside: Beside<K>): { readonly [N in K]: Shape<Of<K>> } {
  const all = { kind: oneOf(kind), ...beside } as never;
  return { [kind]: fields<Of<K>>(all) } as { readonly [N in K]: Shape<Of<K>> };
}
