/** A host that notes what it is told, in words. */
import type { EngineHost } from './engine.js';

export function notingHost(told: string[]): EngineHost {
  return {
    woken: (key) => told.push(`woken ${key}`),
    invalidated: (key, node) => told.push(`invalidated ${key} of ${node}`),
    unsound: (node) => told.push(`unsound ${node}`),
    drawTicket: () => told.push('ticket'),
    reachable: (problem, node) => told.push(`${problem === undefined ? 'reachable' : 'unreachable'} ${node}`),
  };
}
