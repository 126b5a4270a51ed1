/**
 * Listens, and makes a session of each connection.
 *
 *   accept --too many clients--> error, closed
 *      |
 *      +--> session <--bytes-- socket          'error', 'close' --> the session is closed
 *                                              'end' (the client will say no more) --> answered, then closed
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { CacheNode } from './cache-node.js';
import { type Receive, serveConnections } from './socket-seam.js';
import type { Wire } from './wire.js';

export class Listener {
  /** Whether connections read through the private seam. */
  usesSeam = false;
  readonly #node: CacheNode;
  readonly #server: Server;

  constructor(node: CacheNode) {
    this.#node = node;
    this.#server = createServer({ noDelay: true });
  }

  /** Resolves with the port once it listens; rejects with the system's error. */
  async listen(port: number): Promise<number> {
    const server = this.#server;
    const { host, backlog, publicSocketsOnly } = this.#node.options;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => this.#node.log.error(`accepting a connection failed: ${error.message}`));
    this.usesSeam = serveConnections(server, publicSocketsOnly, (socket, wire) => this.#accept(socket, wire));
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : port;
  }

  /** Accepts nothing more. */
  close(): void {
    this.#server.close();
  }

  #accept(socket: Socket, wire: Wire): Receive {
    const node = this.#node;
    socket.on('error', ignore);
    if (node.sessions.size >= node.config.maxClients) {
      node.stats.rejectedConnections++;
      socket.end('-ERR max number of clients reached\r\n');
      socket.destroySoon();
      return ignore;
    }
    node.stats.connections++;
    socket.setNoDelay(true);
    if (node.config.tcpKeepAliveMs > 0) socket.setKeepAlive(true, node.config.tcpKeepAliveMs);
    const session = node.sessions.open(socket, wire);
    socket.on('close', () => node.sessions.close(session));
    return (block, end) => node.intake.receive(session, block, end);
  }
}

/** A connection that breaks is closed by its 'close' event; there is nothing to add. */
function ignore(): void {}
