/**
 * Ports of this machine that nobody listens on, for nodes and their buses 10,000 above. Between the look and the node's own
 * listening another program may take one; the node then says so.
 */
import { createServer } from 'node:net';
import { BUS_PORT_OFFSET } from '../node-address.js';

/** Rows that are tried before it is given up. */
const MAX_TRIES = 1000;
/** The last one with a bus above it. */
export const LAST_PORT = 65_535 - BUS_PORT_OFFSET;

/** A node's port that cannot be, since `taken`, it or its bus, is taken. */
export interface TakenPort {
  readonly port: number;
  readonly taken: number;
}

/** Of so many ports in a row the last that cannot be; undefined if all can. */
export async function takenPort(host: string, first: number, count: number): Promise<TakenPort | undefined> {
  for (let port = first + count - 1; port >= first; port--) {
    for (const one of [port, port + BUS_PORT_OFFSET])
      if (!(await isFree(host, one))) return { port, taken: one };
  }
  return undefined;
}

/** The first of so many ports in a row, at or behind `first`, that can all be; undefined if none was found. */
export async function freeRow(host: string, first: number, count: number): Promise<number | undefined> {
  let start = first;
  for (let tries = 0; tries < MAX_TRIES && start + count - 1 <= LAST_PORT; tries++) {
    const found = await takenPort(host, start, count);
    if (found === undefined) return start;
    start = found.port + 1;
  }
  return undefined;
}

/** An error of another kind than a taken port is left to the node, which tells it. */
function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen({ host, port }, () => server.close(() => resolve(true)));
  });
}
