/** The places of this machine as it is, each a port of the loopback: for faults that need no network of their own, and no root. */
import { createServer } from 'node:net';
import type { Net } from './network.js';

const HOST = '127.0.0.1';
/** Below the ports that the system gives out, their buses 10,000 above; runs at the same time seldom begin at the same one. */
const FIRST_PORT = 10_000;
const RUNS = 1000;
const PORTS_OF_A_RUN = 10;
const BUS_ABOVE = 10_000;

export async function loopback(names: readonly string[]): Promise<Net> {
  const places = [];
  let port = FIRST_PORT + PORTS_OF_A_RUN * (process.pid % RUNS);
  for (const name of names) {
    while (!((await isFree(port)) && (await isFree(port + BUS_ABOVE)))) port++;
    places.push({ name, host: HOST, port: port++, prefix: [] });
  }
  return { places, cutOff: cannot, heal: cannot, mute: cannot, unmute: cannot, destroy: () => {} };
}

function cannot(): never {
  throw new Error('there are no ways to cut on the loopback: take namespaces');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: HOST, port }, () => server.close(() => resolve(true)));
  });
}
