/**
 * The end of a node's process.
 *
 * The first SIGTERM or SIGINT drains the node: it takes no new clients, finishes what was asked, and the
 * process ends with code 0, at the latest after the drain's time and GRACE_MS. A second one ends it at once.
 * What nobody caught ends it with the code of a defect, after it was logged.
 */
import { constants } from 'node:os';
import type { RunningNode } from '../node/index.js';
import { ExitCode } from './exit-codes.js';
import type { NodeLog } from './log.js';

/** What draining may take beyond its own deadline before the process ends without it. */
const GRACE_MS = 2000;

/** Said over its channel by the process that started a node and ends it: the node stops when that one is gone. */
export const STOP_WITH_ME = 'nuthatch: stop with me';

export interface Ending {
  /** The node to drain. */
  started(node: RunningNode): void;
  /** Something to undo before the process ends. */
  atEnd(undo: () => void): void;
  /** Ends as a signal does: a client asked for it. */
  stop(): void;
}

export function stopOnSignals(log: NodeLog, drainTimeoutMs: number): Ending {
  let node: RunningNode | undefined;
  let stopping = false;
  const undos: (() => void)[] = [];

  const exit = (code: number) => {
    for (const undo of undos) undo();
    log.flush();
    process.exit(code);
  };
  const stop = (why: string) => {
    stopping = true;
    log.info(`stopping: ${why}`);
    setTimeout(() => {
      log.warn('stopped before all clients had read their replies');
      exit(ExitCode.OK);
    }, drainTimeoutMs + GRACE_MS).unref();
    Promise.resolve(node?.drain()).then(() => exit(ExitCode.OK), failed);
  };
  const failed = (error: unknown) => {
    log.error('a defect: please report it with this message', { error });
    exit(ExitCode.DEFECT);
  };

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) exit(128 + constants.signals[signal]);
      else stop(signal);
    });
  }
  process.on('uncaughtException', failed);
  stopWithParent(() => {
    if (!stopping) stop('the process that started it is gone');
  });
  return {
    started(running) {
      node = running;
    },
    atEnd(undo) {
      undos.push(undo);
    },
    stop() {
      if (!stopping) stop('a client asked for it (SHUTDOWN)');
    },
  };
}

function stopWithParent(stop: () => void): void {
  if (process.channel === undefined) return;
  process.on('message', (message) => {
    if (message !== STOP_WITH_ME) return;
    if (!process.connected) stop();
    process.once('disconnect', stop);
  });
  // It keeps no process alive that has nothing else to do.
  process.channel.unref();
}
