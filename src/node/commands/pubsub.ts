/** SUBSCRIBE, PUBLISH and their kin. How messages travel: ../pubsub.ts. */
import { Block } from '../../base/index.js';
import type { CommandName, GlobPattern, Request, SubcommandName } from '../../resp/index.js';
import type { SubscriptionKind } from '../pubsub.js';
import type { Handler, Session } from '../session.js';
import { patternArgument, textsFit } from './arguments.js';
import { subcommandSyntax } from './errors.js';

export const pubsubHandlers = {
  subscribe: (session, request) => subscribe(session, request, 'channel'),
  psubscribe: (session, request) => subscribe(session, request, 'pattern'),
  ssubscribe: (session, request) => subscribe(session, request, 'shard'),
  unsubscribe: (session, request) => unsubscribe(session, request, 'channel'),
  punsubscribe: (session, request) => unsubscribe(session, request, 'pattern'),
  sunsubscribe: (session, request) => unsubscribe(session, request, 'shard'),

  publish: (session, request) => publish(session, request, 'channel'),
  spublish: (session, request) => publish(session, request, 'shard'),
} satisfies Partial<Record<CommandName, Handler>>;

export const pubsubSubcommandHandlers = {
  'pubsub|channels': (session, request) => listChannels(session, request, 'channel'),
  'pubsub|shardchannels': (session, request) => listChannels(session, request, 'shard'),
  'pubsub|numsub': (session, request) => countSubscribers(session, request, 'channel'),
  'pubsub|shardnumsub': (session, request) => countSubscribers(session, request, 'shard'),
  'pubsub|numpat': (session) => session.out.integer(session.node.pubsub.patternCount),
} satisfies Partial<Record<SubcommandName<'pubsub'>, Handler>>;

function publish(session: Session, request: Request, kind: 'channel' | 'shard'): void {
  if (!textsFit(session, request, 1, 'channel', 2)) return;
  const { block, starts, lengths } = request;
  const [channelAt, channelLength] = [starts[1], lengths[1]];
  const [messageAt, messageLength] = [starts[2], lengths[2]];
  const publication = { block, channelAt, channelLength, messageAt, messageLength };
  const { pubsub, gate } = session.node;
  // A shard channel has its subscribers at the primary of its slot, which is this node.
  if (kind === 'channel') gate?.member.forward(publication);
  session.out.integer(pubsub.publish(kind, publication));
}

function subscribe(session: Session, request: Request, kind: SubscriptionKind): void {
  if (kind === 'shard' && session.inExec) {
    session.out.error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
    return;
  }
  if (!textsFit(session, request, 1, kind === 'pattern' ? 'pattern' : 'channel')) return;
  for (let i = 1; i < request.count; i++) session.node.pubsub.subscribe(session, kind, request.text(i));
}

function unsubscribe(session: Session, request: Request, kind: SubscriptionKind): void {
  const { pubsub } = session.node;
  if (request.count === 1) pubsub.unsubscribeAll(session, kind);
  if (!textsFit(session, request, 1, kind === 'pattern' ? 'pattern' : 'channel')) return;
  for (let i = 1; i < request.count; i++) pubsub.unsubscribe(session, kind, request.text(i));
}

function listChannels(session: Session, request: Request, kind: 'channel' | 'shard'): void {
  if (request.count > 3) {
    session.out.error(subcommandSyntax(request));
    return;
  }
  const all = session.node.pubsub.channels(kind);
  const pattern = request.count === 3 ? patternArgument(session, request, 2) : undefined;
  if (request.count === 3 && pattern === undefined) return;
  const found = pattern === undefined ? [...all] : matching(all, pattern);
  session.out.array(found.length);
  for (const channel of found) session.out.bulkText(channel);
}

function matching(channels: Iterable<string>, pattern: GlobPattern): string[] {
  return [...channels].filter((channel) => pattern.matches(Block.of(channel), 0, channel.length));
}

function countSubscribers(session: Session, request: Request, kind: 'channel' | 'shard'): void {
  const { out, node } = session;
  out.array(2 * (request.count - 2));
  for (let i = 2; i < request.count; i++) {
    const channel = request.text(i);
    out.bulkText(channel);
    out.integer(node.pubsub.subscriberCount(kind, channel));
  }
}
