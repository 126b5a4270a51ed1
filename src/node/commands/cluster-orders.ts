/** CLUSTER INIT, STATUS and HANDOVER, which are ours: what `nuthatch cluster` tells and asks a node. Answered when it is done. */
import type { ReplyWriter, Request, SubcommandName } from '../../resp/index.js';
import type { ClusterOrders } from '../cluster/orders.js';
import type { Handler, Session } from '../session.js';
import { integerArgument } from './arguments.js';

type Answer = (out: ReplyWriter) => void;

export const clusterOrderHandlers = {
  'cluster|init'(session, request) {
    const shards = integerArgument(session, request, 2);
    if (shards === undefined) return;
    const replicas = integerArgument(session, request, 3);
    if (replicas === undefined) return;
    const addresses = words(request, 4);
    obey(session, async (orders) => okOr(await orders.begin({ shards, replicas, addresses })));
  },

  'cluster|status'(session) {
    obey(session, async (orders) => {
      const text = JSON.stringify(await orders.status());
      return (out) => out.bulkText(text);
    });
  },

  'cluster|handover'(session, request) {
    const [to] = words(request, 2);
    obey(session, async (orders) => okOr(await orders.handOver(to)));
  },
} satisfies Partial<Record<SubcommandName<'cluster'>, Handler>>;

function words(request: Request, from: number): string[] {
  return Array.from({ length: request.count - from }, (_, i) => request.text(from + i));
}

function okOr(problem: string | undefined): Answer {
  return (out) => (problem === undefined ? out.ok() : out.error(`ERR ${oneLine(problem)}`));
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** The session is blocked until it is answered. */
function obey(session: Session, order: (orders: ClusterOrders) => Promise<Answer>): void {
  const { node } = session;
  const { orders } = node;
  if (orders === undefined) {
    session.out.error('ERR this node is in no cluster: start it with --cluster or --join');
    return;
  }
  if (session.inExec) {
    session.out.error('ERR it takes its time and is not to be done in a transaction');
    return;
  }
  let answer: Answer | undefined;
  node.waits.block(session, {
    deadlineMs: Number.POSITIVE_INFINITY,
    isMuted: session.unmuted !== undefined,
    timeOut: ({ out }) => out.error('ERR it is being done and may yet be'),
    askAgain() {
      if (answer === undefined) return false;
      answer(node.outbox.push(session));
      return true;
    },
  });
  const answered = (done: Answer): void => {
    answer = done;
    node.beginEvent(undefined);
    node.waits.askAgain(session);
    node.endEvent();
  };
  order(orders).then(answered, (error: Error) =>
    answered((out) => out.error(`ERR ${oneLine(error.message)}`)),
  );
}
