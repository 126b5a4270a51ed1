import type { RunningNode } from '../node/index.js';
import type { NodeLog } from './log.js';
import type { Screen } from './screen.js';
import { type Traffic, trafficFacts, trafficLine } from './traffic.js';

/** How often the line on a terminal is renewed. */
const LINE_INTERVAL_MS = 1000;
/** How often the traffic is logged where there is no terminal. */
const LOG_INTERVAL_MS = 10_000;

/** Shows the node's traffic until the function returned is called. */
export function showTraffic(node: RunningNode, screen: Screen, log: NodeLog, color: boolean): () => void {
  let before = readTraffic(node);
  const show = () => {
    const now = readTraffic(node);
    const facts = trafficFacts(before, now);
    before = now;
    if (screen.isTerminal) screen.live(trafficLine(facts, screen.columns, color));
    else log.info('traffic', { ...facts });
  };
  if (screen.isTerminal) show();
  const timer = setInterval(show, screen.isTerminal ? LINE_INTERVAL_MS : LOG_INTERVAL_MS).unref();
  return () => {
    clearInterval(timer);
    screen.live('');
  };
}

function readTraffic(node: RunningNode): Traffic {
  return { ...node.traffic(), atMs: performance.now() };
}
