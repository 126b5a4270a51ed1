/** A world for the suite of engines: the memory of this process, with a clock that a test moves. */
import { CacheMemory, MemoryEngine, type TimeSource } from '#layers/client';
import type { EngineWorld } from './world.js';

const MAX_BYTES = 64 * 2 ** 20;

export async function startMemoryWorld(): Promise<EngineWorld> {
  let passedMs = 0;
  const time: TimeSource = {
    now: () => performance.now() + passedMs,
    later(run, ms, keepsAlive) {
      const timer = setTimeout(run, ms);
      if (!keepsAlive) timer.unref();
      return { cancel: () => clearTimeout(timer) };
    },
  };
  const memory = new CacheMemory({ maxBytes: MAX_BYTES, time });
  return {
    connect: (options, host) => new MemoryEngine(memory, options, host),
    async pass(ms) {
      passedMs += ms;
    },
    async stop() {
      memory.store.verify();
    },
  };
}
