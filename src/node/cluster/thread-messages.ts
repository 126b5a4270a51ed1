/**
 * What the main thread and the worker of the mind say to each other. Questions have a number, and each gets one answer with it.
 *
 *   MAIN                                  WORKER
 *     begin, propose, release, status ──>
 *     <───────────────────────── answer        to each question
 *     replication, publications ────────>      bytes are given away, not copied
 *     <──────────────────────── started        once: it serves; or else
 *     <──────────────────────── refused        once: why it does not
 *     <─ topology, deadNodes, replication, arriving, publications, publicationsDropped, log
 *     close ────────────────────────────>
 *     <───────────────────────── answer        everything is closed; the worker ends
 */
import type { Outcome } from '../../cluster/index.js';
import type { NodeId, NodeLife, Refusal, Topology, TopologyChange, TopologyNode } from '../../ring/index.js';
import type { MindStatus } from './mind-status.js';

/** What a worker is started with. */
export interface MindPlace {
  /** The meta folder; it is made if it is not there. */
  readonly folder: string;
  /** By which others reach this node, its clients and its bus. */
  readonly host: string;
  /** Of its clients. */
  readonly port: number;
  /** Where the bus listens; port 0: any that is free. */
  readonly bus: { readonly host: string; readonly port: number };
  /** The cluster secret; undefined: none, on the loopback alone. */
  readonly secret: string | undefined;
  readonly zone: string;
  /** False of a witness, which only votes. */
  readonly holdsData: boolean;
  /** Where others may be found: HOST:PORT of their bus. */
  readonly seeds: readonly string[];
}

export interface WorkerData {
  readonly place: MindPlace;
  readonly memory: SharedArrayBuffer;
}

/** By its kind, what a question carries and what its answer does. */
export interface Questions {
  /** Answered with why not, if it is refused. */
  readonly begin: { readonly asked: Topology; readonly answer: Refusal | undefined };
  readonly propose: { readonly asked: readonly TopologyChange[]; readonly answer: Outcome };
  readonly release: { readonly asked: undefined; readonly answer: undefined };
  readonly status: { readonly asked: undefined; readonly answer: MindStatus };
  /** Whether the others are told. */
  readonly close: { readonly asked: { readonly leaves: boolean }; readonly answer: undefined };
}

export type QuestionKind = keyof Questions;

export type Question = {
  readonly [K in QuestionKind]: {
    readonly kind: K;
    readonly number: number;
    readonly asked: Questions[K]['asked'];
  };
}[QuestionKind];

export type ToWorker =
  | Question
  | { readonly kind: 'replication'; readonly to: NodeId; readonly bytes: Uint8Array }
  | { readonly kind: 'publications'; readonly to: readonly NodeId[]; readonly bytes: Uint8Array };

export type FromWorker =
  | { readonly kind: 'started'; readonly self: TopologyNode }
  | { readonly kind: 'refused'; readonly message: string; readonly code: string | undefined }
  | { readonly kind: 'answer'; readonly number: number; readonly answer: Questions[QuestionKind]['answer'] }
  | { readonly kind: 'topology'; readonly topology: Topology }
  | { readonly kind: 'deadNodes'; readonly nodes: readonly NodeId[] }
  | { readonly kind: 'replication'; readonly from: NodeLife; readonly bytes: Uint8Array<ArrayBuffer> }
  /** A part of a large one has come. */
  | { readonly kind: 'arriving'; readonly from: NodeLife }
  | { readonly kind: 'publications'; readonly from: NodeId; readonly bytes: Uint8Array<ArrayBuffer> }
  /** So many more, each counted for each node that does not get it. */
  | { readonly kind: 'publicationsDropped'; readonly count: number }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
    };
