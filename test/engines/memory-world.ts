/** Worlds for the suite of engines: memory of this process, of one node or of several, with a clock that a test moves. */
import {
  CacheMemory,
  type Engine,
  type EngineHost,
  type EngineOptions,
  MemoryEngine,
  RoutedEngine,
  type TimeSource,
} from '#layers/client';
import { Seeded } from '../kit/seeded.js';
import type { EngineWorld } from './world.js';

const MAX_BYTES = 64 * 2 ** 20;

/** With one id it is plain memory, with several a routed engine over memory for each. */
export function memoryWorld(...ids: readonly string[]): () => Promise<EngineWorld> {
  return async () => {
    const { time, pass } = movableTime();
    const memories = new Map(ids.map((id) => [id, new CacheMemory({ maxBytes: MAX_BYTES, time })]));
    const connect = (options: EngineOptions, host: EngineHost): Engine => {
      const make = (id: string, node: number, inner: EngineHost): Engine =>
        new MemoryEngine(memories.get(id) as CacheMemory, { ...options, node }, inner);
      if (ids.length === 1) return make(ids[0], 0, host);
      return new RoutedEngine({ nodes: ids.map((id) => ({ id })), make, time, random }, host);
    };
    return {
      connect,
      pass,
      async stop() {
        for (const memory of memories.values()) memory.store.verify();
      },
    };
  };
}

const seeded = new Seeded(1);
const random = { uint32: () => seeded.below(2 ** 32), below: (bound: number) => seeded.below(bound) };

function movableTime(): { time: TimeSource; pass: (ms: number) => Promise<void> } {
  let passedMs = 0;
  const time: TimeSource = {
    now: () => performance.now() + passedMs,
    later(run, ms, keepsAlive) {
      const timer = setTimeout(run, ms);
      if (!keepsAlive) timer.unref();
      return { cancel: () => clearTimeout(timer) };
    },
  };
  const pass = async (ms: number): Promise<void> => {
    passedMs += ms;
  };
  return { time, pass };
}
