/**
 * A timer that belongs to nobody: it does not keep the process alive, and it does not carry the context of the
 * caller that happened to start it (an AsyncLocalStorage would else hold that request's data for as long as the
 * cache has something to do, and `onEvict` would run in its name).
 */
import { AsyncResource } from 'node:async_hooks';

const nobody = new AsyncResource('nuthatch/lru');

/** Runs a function once after some ms, if the process is still there. */
export function runLater(run: () => void, ms: number): void {
  nobody.runInAsyncScope(() => {
    setTimeout(run, ms).unref();
  });
}
