/**
 * The voter's side of publications: takes the whole value out of what came, asks the gate, accepts, answers when it is on disk.
 *
 * The gate may say no for a second or two, while a lease promise runs out. The publication waits here meanwhile and answers to the
 * leader's checks say so, so that it does not send the value again. The leader's own publications come this way too.
 */
import type { NodeId } from '../../ring/index.js';
import type { Core, Step } from './core.js';
import type { Check, Placed, Publish, PublishAnswer } from './messages.js';
import { isAbove, isSamePosition, type Position, positionText } from './position.js';
import type { Pending } from './promises.js';

export class Acceptor<V, C, D, R> {
  readonly #core: Core<V, C, D>;

  constructor(core: Core<V, C, D>) {
    this.#core = core;
  }

  /** A publication of the leader of the term that is entered. */
  receive(from: NodeId, message: Publish<V, D>, step: Step<V, C, D, R>): void {
    const { promises } = this.#core;
    const { position, base } = message;
    if (!promises.canPromise) return;
    if (isSamePosition(position, promises.accepted?.position)) {
      promises.say(from, this.#answer('register/accepted', position), step.outbox);
    } else if (
      isAbove(position, promises.accepted?.position) &&
      isAbove(position, promises.pending?.position)
    ) {
      const value = this.#valueOf(message);
      if (value === undefined) step.outbox.send(from, this.#answer('register/needs-whole', position));
      else if (promises.isOfThisCluster(value)) this.offer({ position, base, value, leader: from }, step);
      else step.outbox.note(`publication ${positionText(position)} is of another cluster and was not taken`);
    }
  }

  /** Begins to accept; ends with it at once if the gate says so. */
  offer(pending: Pending<V>, step: Step<V, C, D, R>): void {
    this.#core.promises.pending = pending;
    if (!this.ask(step))
      step.outbox.note(`holds ${positionText(pending.position)} back: the gate says not yet`);
  }

  /** Whether what was pending is accepted now. */
  ask({ advice, outbox }: Step<V, C, D, R>): boolean {
    const { promises, mutants, self } = this.#core;
    const { pending } = promises;
    if (pending === undefined || !promises.canPromise) return false;
    if (!mutants.has('no-gate') && !advice.gate(promises.accepted?.value, pending.value, pending.base))
      return false;
    promises.pending = undefined;
    promises.accept(pending, outbox);
    if (pending.leader !== self) {
      promises.say(pending.leader, this.#answer('register/accepted', pending.position), outbox);
    }
    return true;
  }

  /** The leader is there: tells it how far this voter is. */
  checked(from: NodeId, { term, number }: Check, { advice, outbox }: Step<V, C, D, R>): void {
    const { promises, position } = this.#core;
    outbox.send(from, {
      kind: 'register/check-answer',
      committed: position,
      term,
      number,
      accepted: promises.durable,
      held: promises.pending?.position,
      report: advice.report,
    });
  }

  #valueOf({ content }: Publish<V, D>): V | undefined {
    if (content.kind === 'whole') return content.value;
    const base: Placed<V> | undefined = this.#core.committed;
    if (base === undefined) return undefined;
    const fits = base.position.version === content.of || this.#core.mutants.has('patch-on-any-base');
    return fits ? this.#core.kind.patch(base.value, content.diff) : undefined;
  }

  #answer(kind: PublishAnswer['kind'], position: Position): PublishAnswer {
    return { kind, committed: this.#core.position, position };
  }
}
