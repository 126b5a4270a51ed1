/**
 * Listens, and makes a session of each connection.
 *
 *   accept --too many clients--> error, closed
 *      |
 *      +--> session <--bytes-- socket          'error', 'close' --> the session is closed
 *                                              'end' (the client will say no more) --> answered, then closed
 *
 * A node with a certificate speaks TLS on its one port, and nothing else: between accept and session stands a handshake
 * (handshakes.ts), and bytes go the public way.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { Block } from '../base/index.js';
import type { CacheNode } from './cache-node.js';
import { Complaints } from './complaints.js';
import { Handshakes } from './handshakes.js';
import type { Session } from './session.js';
import { type Receive, serveConnections } from './socket-seam.js';
import { certificateAge, type TlsOptions } from './tls-options.js';
import { TlsWire, type Wire } from './wire.js';

/** A client of TLS begins with a record of this type; no command does. */
const TLS_HANDSHAKE = 0x16;
/** To clients of TLS it says that the port is a plain one, and to people what they have to look for. */
const NO_TLS = '-ERR this port does not speak TLS\r\n';

export class Listener {
  /** Whether connections read through the private seam. */
  usesSeam = false;
  readonly #node: CacheNode;
  readonly #server: Server;
  readonly #complaints: Complaints;
  readonly #handshakes: Handshakes | undefined;

  constructor(node: CacheNode) {
    this.#node = node;
    const { tls, log } = node.options;
    this.#complaints = new Complaints(log);
    // Whoever will say no more is answered before his side is ended, also what waits for replicas or for TLS.
    this.#server = createServer({ noDelay: true, allowHalfOpen: true });
    this.#handshakes =
      tls &&
      new Handshakes(tls, {
        secured: (socket) => this.#acceptSecured(socket),
        refused: (address, reason) => this.#complaints.refused(address, reason),
      });
    if (tls !== undefined) this.#tellAge(tls);
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
    const handshakes = this.#handshakes;
    if (handshakes !== undefined) server.on('connection', (socket) => handshakes.begin(socket));
    else
      this.usesSeam = serveConnections(server, publicSocketsOnly, (socket, wire) =>
        this.#acceptPlain(socket, wire),
      );
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : port;
  }

  /** Accepts nothing more. */
  close(): void {
    this.#server.close();
  }

  /** Ends what is not a session yet. */
  closeHandshakes(): void {
    this.#handshakes?.closeAll();
  }

  /** Connections from now on are made with these. Whether the node speaks TLS does not change. */
  renewTls(tls: TlsOptions): void {
    this.#handshakes?.renew(tls);
    this.#tellAge(tls);
  }

  #tellAge(tls: TlsOptions): void {
    const age = certificateAge(tls, this.#node.clock.wallMs());
    if (age !== undefined) this.#node.log.warn(age);
  }

  #acceptPlain(socket: Socket, wire: Wire): Receive {
    const session = this.#open(socket, wire);
    if (session === undefined) return ignore;
    const { intake } = this.#node;
    const receive: Receive = (block, end) => intake.receive(session, block, end);
    let take: Receive = (block, end) => {
      take = block.bytes[0] === TLS_HANDSHAKE ? ignore : receive;
      if (take === ignore) this.#refuseTls(socket);
      take(block, end);
    };
    return (block, end) => take(block, end);
  }

  #refuseTls(socket: Socket): void {
    this.#complaints.refused(
      socket.remoteAddress,
      'it speaks TLS, and this node has no certificate (--tls-cert)',
    );
    socket.end(NO_TLS);
    socket.destroySoon();
  }

  #acceptSecured(socket: Socket): void {
    const session = this.#open(socket, new TlsWire(socket));
    if (session === undefined) return;
    const { intake } = this.#node;
    socket.on('data', (chunk: Buffer) => intake.receive(session, new Block(chunk), chunk.length));
  }

  /** Undefined: there are too many. */
  #open(socket: Socket, wire: Wire): Session | undefined {
    const node = this.#node;
    socket.on('error', ignore);
    if (node.sessions.size >= node.config.maxClients) {
      node.stats.rejectedConnections++;
      socket.end('-ERR max number of clients reached\r\n');
      socket.destroySoon();
      return undefined;
    }
    node.stats.connections++;
    socket.setNoDelay(true);
    if (node.config.tcpKeepAliveMs > 0) socket.setKeepAlive(true, node.config.tcpKeepAliveMs);
    const session = node.sessions.open(socket, wire);
    socket.on('end', () => {
      if (session.closed) return;
      node.sessions.closeAfterReply(session);
      node.outbox.end(session);
    });
    socket.on('close', () => node.sessions.close(session));
    return session;
  }
}

/** A connection that breaks is closed by its 'close' event; there is nothing to add. */
function ignore(): void {}
