/**
 * The reads under way in this process, so that callers of one key share one of them (single flight), and no caller is
 * given the past.
 *
 *   join or begin ---> gathering ---asked---> asking the node, or loading ---filling---> filling ---> settled
 *                      callers join as         callers join later                        nobody joins
 *                      its first ones
 *
 * A value is true at the moment at which the node gave it, or accepted it as a fill: up to then no invalidation had
 * taken it away. Who came after that moment may have come after an invalidation, and must not have it:
 *
 *   this process                                  another one
 *   asks for k, misses, loads: reads old row
 *                                                 writes the new row, deletes k, is acknowledged
 *   a new caller of k joins the load
 *   the load ends: the old row                    <- for the first caller, who came before, but not for the new one
 *
 *   how a load ends                                           first callers   later ones
 *   hit       the node had the value, or woke a wait          value           read again
 *   accepted  the node took the fill                          value           value
 *   refused   the node did not: it was invalidated            value           read again
 *   unfilled  the node gave no right to fill: it has no      value           read again
 *             room for a lease, or another holds it for too long
 *   unfenced  no node could be asked: the value may be old,   value           value
 *             and is kept nowhere
 *             (a node that could be asked, but gave no lease, makes it a refused one)
 *   failed    the loader threw                                its error       its error
 *
 * The first callers came before the node was asked, so they may have what was loaded at once (`takeFirst`), without
 * waiting for the fill. Who comes while the fill is under way begins anew: the node may have accepted it already, and
 * an invalidation may have come after that.
 *
 * Who reads again is among the first callers of the next load, so nobody is sent away twice. If a newer load of the
 * key is under way and has asked its node, the next load is one that nobody else can join.
 *
 * An invalidation by this process, or a push of one by a node, makes the load under way one that nobody joins any more
 * (`invalidate`): its fill will be refused, and over a node that cannot be reached nothing else would keep a later
 * caller from the old value. Call it when the invalidation is sent, and when it is acknowledged.
 *
 * Bounds: a load has callers, or was begun by a refresh; so there are no more loads than callers and refreshes, which
 * the owner bounds. Cost: one Map lookup a read, one array a load; `leave` looks through the callers of its load.
 */
import { assert } from '../../base/index.js';

/** What the table needs of a caller; the fields are the table's own. */
export interface LoadCaller<Caller> {
  /** The load that the caller waits for. */
  load: Load<Caller> | undefined;
  /** Whether it came before the node was asked. */
  isFirst: boolean;
}

export type LoadEnding = 'hit' | 'accepted' | 'refused' | 'unfilled' | 'unfenced' | 'failed';

/** A load under way. Its owner drives it to `settle`, on every path. */
export class Load<Caller> {
  readonly key: string;
  /** Those that wait for it, in the order in which they came; the table's own. */
  callers: Caller[] = [];
  stage: 'gathering' | 'asked' | 'filling' | 'settled' = 'gathering';

  constructor(key: string) {
    this.key = key;
  }

  /** So many wait for it: 0 when all have left, and what nobody waits for can be given up. */
  get size(): number {
    return this.callers.length;
  }
}

export interface Settled<Caller> {
  /** Those that have the value, or the error. */
  readonly callers: Caller[];
  /** A load to be driven for those that read again; undefined if there are none, or another load has taken them in. */
  readonly next: Load<Caller> | undefined;
}

export class LoadTable<Caller extends LoadCaller<Caller>> {
  /** The load of each key that can be joined. */
  readonly #joinable = new Map<string, Load<Caller>>();
  #underWay = 0;

  /** Loads under way, also those that nobody can join any more. */
  get size(): number {
    return this.#underWay;
  }

  /** Lets the caller wait for the load of the key, if there is one that it may join. Else it has to `begin` one. */
  join(key: string, caller: Caller): boolean {
    const load = this.#joinable.get(key);
    if (load === undefined) return false;
    addCaller(load, caller);
    return true;
  }

  /** Begins a load, with its first caller. */
  begin(key: string, caller: Caller): Load<Caller> {
    const load = this.refresh(key);
    assert(load !== undefined, `'${key}' has no load that the caller could have joined`);
    addCaller(load, caller);
    return load;
  }

  /** Begins a load that nobody waits for yet; undefined if one is under way that can be joined. */
  refresh(key: string): Load<Caller> | undefined {
    if (this.#joinable.has(key)) return undefined;
    const load = this.#newLoad(key);
    this.#joinable.set(key, load);
    return load;
  }

  /** The node is being asked, or without one the loader: call it before the first byte is sent. */
  asked(load: Load<Caller>): void {
    assert(
      load.stage === 'gathering',
      `the load of '${load.key}' is ${load.stage}: it cannot be asked twice`,
    );
    load.stage = 'asked';
  }

  /**
   * The loader is run without a lease: who waits by now came before it reads, so they are first callers too. An
   * invalidation may come between them and those that join from now on, and no fill will tell.
   */
  loading(load: Load<Caller>): void {
    assert(load.stage === 'asked', `the load of '${load.key}' is ${load.stage}: it cannot be loaded`);
    for (const caller of load.callers) caller.isFirst = true;
  }

  /** Takes out the first callers: they may have what was loaded, whatever becomes of the fill. */
  takeFirst(load: Load<Caller>): Caller[] {
    const all = load.callers;
    const first = all.filter(isFirst);
    load.callers = all.filter((caller) => !caller.isFirst);
    for (const caller of first) caller.load = undefined;
    return first;
  }

  /** The fill is being sent: call it before its first byte is. */
  filling(load: Load<Caller>): void {
    assert(load.stage === 'asked', `the load of '${load.key}' is ${load.stage}: it cannot be filled`);
    load.stage = 'filling';
    this.#close(load);
  }

  /** A load has ended. Tells who has what came of it; the others wait for another load now. */
  settle(load: Load<Caller>, ending: LoadEnding): Settled<Caller> {
    assert(load.stage !== 'settled', 'a load ends once');
    assert(ending !== 'accepted' || load.stage === 'filling', 'a fill is accepted after it was sent');
    load.stage = 'settled';
    this.#close(load);
    this.#underWay--;
    const all = load.callers;
    load.callers = [];
    for (const caller of all) caller.load = undefined;
    const isForAll = ending === 'accepted' || ending === 'unfenced' || ending === 'failed';
    if (isForAll || all.every(isFirst)) {
      return { callers: all, next: undefined };
    }
    const later = all.filter((caller) => !caller.isFirst);
    return { callers: all.filter(isFirst), next: this.#again(load.key, later) };
  }

  /** The caller waits no longer. What comes of its load is not told to it. */
  leave(caller: Caller): void {
    const { load } = caller;
    if (load === undefined) return;
    caller.load = undefined;
    load.callers.splice(load.callers.indexOf(caller), 1);
  }

  /** The key was invalidated: nobody joins its load any more. */
  invalidate(key: string): void {
    this.#joinable.delete(key);
  }

  /** Keys were invalidated that only a rule can tell: a prefix, a tag, those of one node. Looks at each load. */
  invalidateWhere(isInvalid: (key: string) => boolean): void {
    for (const key of this.#joinable.keys()) if (isInvalid(key)) this.#joinable.delete(key);
  }

  #again(key: string, callers: readonly Caller[]): Load<Caller> | undefined {
    const newer = this.#joinable.get(key);
    const isTakenIn = newer?.stage === 'gathering';
    const load = isTakenIn ? newer : this.#newLoad(key);
    if (newer === undefined) this.#joinable.set(key, load);
    for (const caller of callers) addCaller(load, caller);
    return isTakenIn ? undefined : load;
  }

  #newLoad(key: string): Load<Caller> {
    this.#underWay++;
    return new Load<Caller>(key);
  }

  #close(load: Load<Caller>): void {
    if (this.#joinable.get(load.key) === load) this.#joinable.delete(load.key);
  }
}

function addCaller<Caller extends LoadCaller<Caller>>(load: Load<Caller>, caller: Caller): void {
  assert(caller.load === undefined, `a caller of '${load.key}' waits for one load at a time`);
  caller.load = load;
  caller.isFirst = load.stage === 'gathering';
  load.callers.push(caller);
}

function isFirst(caller: { readonly isFirst: boolean }): boolean {
  return caller.isFirst;
}
