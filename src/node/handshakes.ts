/**
 * TLS: from an accepted connection to a socket that reads and writes in the clear.
 *
 *   accepted --too many under way--> closed
 *      |
 *      +--> handshake --done, certificate of the client is as asked--> secured
 *              |
 *              +--failed, not done in HANDSHAKE_TIMEOUT_MS, certificate refused--> told, closed
 *
 * The work is that of a `tls.Server` which never listens: connections are put into it, as its documentation allows.
 * So those that wait can be counted, and another certificate is another server, while handshakes under way end
 * with the one they began with.
 *
 * Cost: a handshake is about a millisecond of this thread.
 */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { TlsOptions } from './tls-options.js';

/** A client that takes longer is gone, or means no good. Long enough for a fleet that comes all at once. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Handshakes under way, each with buffers of its own. This thread does more than that in 2 s. */
export const MAX_HANDSHAKES = 1_000;

export interface HandshakeEvents {
  /** Speaks TLS; its client is as asked. */
  secured(socket: TLSSocket): void;
  /** Will be closed, for this reason. */
  refused(address: string | undefined, reason: string): void;
}

export class Handshakes {
  readonly #events: HandshakeEvents;
  /** All open connections below TLS. */
  readonly #sockets = new Set<Socket>();
  #securedCount = 0;
  #server: Server;

  constructor(tls: TlsOptions, events: HandshakeEvents) {
    this.#events = events;
    this.#server = this.#createServer(tls);
  }

  get underWay(): number {
    return this.#sockets.size - this.#securedCount;
  }

  begin(socket: Socket): void {
    socket.on('error', ignore);
    if (this.underWay >= MAX_HANDSHAKES) {
      this.#events.refused(undefined, `${MAX_HANDSHAKES} handshakes of TLS are under way`);
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#server.emit('connection', socket);
  }

  /** Handshakes that begin from now on are with these. */
  renew(tls: TlsOptions): void {
    this.#server = this.#createServer(tls);
  }

  /** Closes all connections at once. */
  closeAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #createServer({ cert, key, ca, clientCertificates = 'no' }: TlsOptions): Server {
    const server = createServer({
      cert,
      key,
      ca,
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      requestCert: clientCertificates !== 'no',
      rejectUnauthorized: clientCertificates === 'required',
    });
    server.on('secureConnection', (socket) => this.#secured(socket));
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const reason = reasonOf(error, socket);
      if (reason !== undefined) this.#events.refused(socket.remoteAddress, reason);
      // After a timeout nobody else does.
      socket.destroy();
    });
    return server;
  }

  #secured(socket: TLSSocket): void {
    this.#securedCount++;
    socket.once('close', () => this.#securedCount--);
    socket.on('error', ignore);
    // With `optional` a wrong certificate has come so far.
    if (!socket.authorized && Object.keys(socket.getPeerCertificate()).length > 0) {
      this.#events.refused(socket.remoteAddress, certificateReason(socket));
      socket.destroy();
      return;
    }
    this.#events.secured(socket);
  }
}

/** Undefined: the client has gone away by itself. */
function reasonOf(error: NodeJS.ErrnoException, socket: TLSSocket): string | undefined {
  if (socket.authorizationError) return certificateReason(socket);
  switch (error.code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_HTTP_REQUEST':
    case 'ERR_SSL_UNKNOWN_PROTOCOL':
      return 'it does not speak TLS, and this port does: give the client its option for it (redis-cli --tls, rediss://)';
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
      return 'it speaks a version of TLS before 1.2';
    case 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE':
      return 'it has shown no certificate, and must';
    case 'ERR_TLS_HANDSHAKE_TIMEOUT':
      return `its handshake of TLS was not done within ${HANDSHAKE_TIMEOUT_MS / 1000} s`;
    default:
      return `its handshake of TLS failed: ${(error as { reason?: string }).reason ?? error.message}`;
  }
}

function certificateReason({ authorizationError }: TLSSocket): string {
  return `its certificate is not accepted: ${authorizationError}`;
}

function ignore(): void {}
