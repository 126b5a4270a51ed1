/**
 * One product in a scene of a cluster: the chaos with one fault, and what its clients see of the shard that it strikes, in words.
 *
 * It is a process of its own, since a run of the chaos has its networks and nodes by the id of its process. It ends with its parent.
 */
import { pathToFileURL } from 'node:url';
import { DONE, type Operation, READ, REFUSED, UNSURE } from '../test/chaos/operations.js';
import { type ChaosWitness, runChaos } from '../test/chaos/run.js';
import type { ChaosFigures } from '../test/chaos/verdict.js';
import { type Facts, seconds } from './scene.js';

export interface ClusterRun {
  readonly against: 'nuthatch' | 'redis';
  readonly fault: 'kill' | 'cut';
}

export type ClusterTold = { readonly note: string } | { readonly facts: Facts };

/** Longer than the 15 s after which Redis Cluster counts a node as failed, and what it then takes. */
export const CUT_MS = 22_000;
/** A read that takes longer is told apart. */
const SLOW_MS = 1000;
/** Writes have stopped when none was taken for so long. */
const STOPPED_MS = 300;
const SEED = 7;

/** What a client sees of the shard since the fault. */
class Side {
  /** From the fault to the last write that was taken before it was undone, in ms. */
  wroteForMs = 0;
  /** The longest time without an answer to a read, before the fault was undone. */
  noReadsForMs = 0;
  readonly #note: (text: string) => void;
  /** Of the last write that was taken. */
  #lastMs = 0;
  #lastReadMs = 0;
  #isStopped = false;

  constructor(note: (text: string) => void) {
    this.#note = note;
  }

  /** Times in ms since the fault. */
  take({ kind, outcome }: Operation, startMs: number, endMs: number, isUndone: boolean): void {
    if (kind === READ) {
      if (!isUndone && (outcome === DONE || outcome === UNSURE)) this.#read(endMs);
    } else if (outcome === DONE) {
      if (this.#isStopped) this.#note(`writes are taken ${seconds(endMs)} after the fault`);
      this.#isStopped = false;
      this.#lastMs = Math.max(this.#lastMs, endMs);
      if (!isUndone) this.wroteForMs = Math.max(this.wroteForMs, endMs);
    } else if (!this.#isStopped && startMs - this.#lastMs > STOPPED_MS) {
      this.#isStopped = true;
      this.#note(
        `writes ${outcome === REFUSED ? 'are refused' : 'have no answer'}, the last was taken after ${seconds(this.#lastMs)}`,
      );
    }
  }

  /** The fault is. */
  undone(atMs: number): void {
    this.#read(atMs);
  }

  #read(atMs: number): void {
    this.noReadsForMs = Math.max(this.noReadsForMs, atMs - this.#lastReadMs);
    this.#lastReadMs = Math.max(this.#lastReadMs, atMs);
  }
}

class Watch implements ChaosWitness {
  readonly sides: readonly Side[];
  readonly #tell: (told: ClusterTold) => void;
  readonly #isCut: boolean;
  #shard = -1;
  #struckNs = 0;
  #undoneNs = Number.POSITIVE_INFINITY;

  constructor(fault: ClusterRun['fault'], tell: (told: ClusterTold) => void) {
    this.#tell = tell;
    this.#isCut = fault === 'cut';
    // Without a cut both clients see the same: one is enough.
    const names = this.#isCut ? ['the others: ', 'cut off: '] : [''];
    this.sides = names.map((name) => new Side((text) => this.#note(`${name}${text}`)));
  }

  began(): void {
    this.#note('the cluster is there, and clients begin');
  }

  struck(shard: number, place: string, atNs: number): void {
    this.#shard = shard;
    this.#struckNs = atNs;
    this.#note(`the primary ${place} is ${this.#isCut ? 'cut off' : 'killed'}`);
  }

  healed(atNs: number): void {
    this.#undoneNs = atNs;
    for (const side of this.sides) side.undone((atNs - this.#struckNs) / 1e6);
    this.#note(this.#isCut ? 'the cut is healed' : 'the killed node is started again');
  }

  well(): void {
    this.#note('all copies are there again');
  }

  operation(client: number, shard: number, one: Operation): void {
    if (shard !== this.#shard || one.startNs < this.#struckNs) return;
    const [startMs, endMs] = [one.startNs, one.endNs].map((ns) => (ns - this.#struckNs) / 1e6) as [
      number,
      number,
    ];
    this.sides[client]?.take(one, startMs, endMs, one.endNs > this.#undoneNs);
  }

  #note(note: string): void {
    this.#tell({ note });
  }
}

function factsOf(fault: ClusterRun['fault'], figures: ChaosFigures, sides: readonly Side[]): Facts {
  const { gapMs, readMs, lostWrites, undoneDeletes, bothSidesMs } = figures;
  const [, cutOff] = sides;
  return {
    'no writes for, ms': gapMs,
    ...(cutOff !== undefined && {
      'cut-off side took writes for, ms': cutOff.wroteForMs,
      'both sides took writes for, ms': bothSidesMs,
      'cut-off side had no reads for, ms': cutOff.noReadsForMs,
    }),
    ...(fault === 'kill' && {
      'slowest read, ms': Math.max(0, ...readMs),
      'reads that took over a second': readMs.filter((ms) => ms > SLOW_MS).length,
    }),
    // By a read that saw what was there before; what was written over meanwhile is missed by nobody.
    'acknowledged writes found lost': lostWrites,
    'acknowledged deletes undone': undoneDeletes,
  };
}

async function run({ against, fault }: ClusterRun, tell: (told: ClusterTold) => void): Promise<void> {
  const watch = new Watch(fault, tell);
  tell({ note: 'six nodes start' });
  const { figures, problems } = await runChaos({
    against,
    faults: [fault],
    rounds: 1,
    seed: SEED,
    ackWrites: 'primary',
    checksLease: true,
    cutMs: CUT_MS,
    keepsLogs: false,
    endsWithViolation: false,
    print: () => {},
    witness: watch,
    ...(fault === 'kill' && { network: 'loopback' }),
  });
  // Redis breaks what we promise: that is a fact, and ours must not.
  if (against === 'nuthatch' && problems.length > 0) throw new Error(problems.join('\n'));
  tell({ note: `${figures.acknowledged.toLocaleString('en')} acknowledged writes and deletes were checked` });
  tell({ facts: factsOf(fault, figures, watch.sides) });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));
  process.once('disconnect', () => process.exit());
  process.once('message', (what: ClusterRun) => {
    run(what, (told) => process.send?.(told)).then(
      () => process.disconnect(),
      (error: Error) => {
        process.stderr.write(`${error.stack}\n`);
        process.exit(1);
      },
    );
  });
}
