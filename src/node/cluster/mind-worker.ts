/**
 * The worker thread of the mind: gives the host its ticks, and carries what it and the main thread say to each other.
 *
 * It ends when it is told to close, when it cannot start, and by any error that nobody expects: that is not gone on with, since what is
 * not known to be right may not promise or write anything.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../base/index.js';
import type { Outcome } from '../../cluster/index.js';
import type { Log } from '../options.js';
import { MindHost, TICK_MS } from './mind-host.js';
import { SharedCell } from './shared-cell.js';
import { PUBLICATIONS, REPLICATION } from './stream-form.js';
import type {
  FromWorker,
  Question,
  QuestionKind,
  Questions,
  ToWorker,
  WorkerData,
} from './thread-messages.js';
import { UntakenBytes } from './untaken-bytes.js';

assert(parentPort !== null, 'this runs in a worker thread');
const port = parentPort;
const { place, memory } = workerData as WorkerData;
const cell = new SharedCell(memory);
const proposals = new Map<number, (outcome: Outcome) => void>();
const untaken = new UntakenBytes(REPLICATION.maxUntakenBytes, () => cell.takenByMain);
const untakenPublications = new UntakenBytes(
  PUBLICATIONS.maxUntakenBytes,
  () => cell.publicationsTakenByMain,
);

function tell(message: FromWorker, given: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, given);
}

const logAt = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string) =>
  tell({ kind: 'log', level, message });
const log: Log = {
  debug: logAt('debug'),
  info: logAt('info'),
  warn: logAt('warn'),
  error: logAt('error'),
};

try {
  const host = await MindHost.start(place, cell, log, {
    topology: (topology) => tell({ kind: 'topology', topology }),
    deadNodes: (nodes) => tell({ kind: 'deadNodes', nodes }),
    arriving: (from) => tell({ kind: 'arriving', from }),
    outcome: ({ id, outcome }) => {
      proposals.get(id)?.(outcome);
      proposals.delete(id);
    },
    replication: (from, bytes) => {
      if (!untaken.give(bytes.byteLength)) return false;
      tell({ kind: 'replication', from, bytes }, [bytes.buffer]);
      return true;
    },
    publications: (from, bytes) => {
      if (!untakenPublications.give(bytes.byteLength)) return false;
      tell({ kind: 'publications', from, bytes }, [bytes.buffer]);
      return true;
    },
    publicationsDropped: (count) => tell({ kind: 'publicationsDropped', count }),
  });
  serve(host);
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  tell({ kind: 'refused', message, code });
}

function serve(host: MindHost): void {
  const timer = setInterval(() => host.tick(), TICK_MS);
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'replication') {
      cell.takenByWorker = (cell.takenByWorker + message.bytes.byteLength) | 0;
      host.sendReplication(message.to, message.bytes);
      return;
    }
    if (message.kind === 'publications') {
      cell.publicationsTakenByWorker = (cell.publicationsTakenByWorker + message.bytes.byteLength) | 0;
      host.sendPublications(message.to, message.bytes);
      return;
    }
    void answer(host, message, timer);
  });
  tell({ kind: 'started', self: host.self });
}

async function answer(host: MindHost, question: Question, timer: NodeJS.Timeout): Promise<void> {
  const reply = (answered: Questions[QuestionKind]['answer']): void =>
    tell({ kind: 'answer', number: question.number, answer: answered });
  switch (question.kind) {
    case 'begin':
      reply(host.driver.begin(question.asked));
      break;
    case 'propose':
      host.driver.propose(question.asked, (id) => proposals.set(id, reply));
      break;
    case 'release':
      host.driver.release();
      reply(undefined);
      break;
    case 'status':
      reply(host.status());
      break;
    case 'close':
      clearInterval(timer);
      await host.close(question.asked.leaves);
      for (const settle of proposals.values()) settle({ kind: 'unknown', why: 'this node ends' });
      reply(undefined);
      port.close();
      break;
  }
}
