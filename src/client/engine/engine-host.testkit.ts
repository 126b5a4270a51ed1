/** A host that notes what it is told, in words; since when nodes are sound in a list of its own, as it is told all the time. */
import type { EngineHost } from './engine.js';

export function notingHost(told: string[], sinceMs: number[] = []): EngineHost {
  return {
    woken: (key) => told.push(`woken ${key}`),
    invalidated: (key, node) => told.push(`invalidated ${key} of ${node}`),
    unsound: (node) => told.push(`unsound ${node}`),
    sound: (since) => sinceMs.push(since),
    drawTicket: () => told.push('ticket'),
    reachable: (problem, node) => told.push(`${problem === undefined ? 'reachable' : 'unreachable'} ${node}`),
  };
}
