/**
 * A socket, plain or TLS, that reads into one buffer of its own (`onread`): no buffer is made per read.
 *
 * It does not keep the process alive: whoever waits for something on it has a timer that does.
 */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectSecure, TLSSocket } from 'node:tls';
import { Block } from '../../base/index.js';
import { ClientError } from '../errors.js';
import type { ResolvedConnectionOptions } from './connection-options.js';

/** What is read at once; as large as the host's own read buffer. */
const READ_BYTES = 64 * 1024;
/** A connection without traffic is probed by the kernel after so long. */
const KEEP_ALIVE_MS = 10_000;

export interface SocketEvents {
  /** The socket is open, after the handshake of TLS if there is one. */
  opened(): void;
  /** Bytes 0 to `end` of `block` have come; they are void afterwards. */
  receive(block: Block, end: number): void;
  /** It failed or has ended. May be told more than once. */
  failed(error: ClientError): void;
}

/** Begins to connect. Events come later, never from within this call. */
export function openSocket(options: ResolvedConnectionOptions, events: SocketEvents): Socket {
  const block = new Block(Buffer.allocUnsafeSlow(READ_BYTES));
  const { host, port, address, tls } = options;
  const common = {
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    onread: {
      buffer: block.bytes,
      callback: (length: number): boolean => {
        events.receive(block, length);
        return true;
      },
    },
  };
  const socket = tls === undefined ? connectPlain(common) : connectSecure({ ...common, ...tls });
  socket.once(tls === undefined ? 'connect' : 'secureConnect', events.opened);
  // Only now: before, the socket may still be exchanged for one of another address family.
  socket.once('connect', () => socket.unref());
  socket.on('error', (cause) => events.failed(socketError(socket, address, cause)));
  socket.once('close', () => {
    events.failed(new ClientError('CONNECTION_LOST', `${address} has closed the connection`));
  });
  return socket;
}

function socketError(socket: Socket, address: string, cause: Error): ClientError {
  if (isRefusedCertificate(socket, cause)) {
    const message = `the certificate of ${address} is not accepted: ${cause.message}; give the right tls.ca or tls.servername`;
    return new ClientError('TLS_REFUSED', message, { cause });
  }
  if (alertOfCertificate.test((cause as NodeJS.ErrnoException).code ?? '')) {
    const message = `${address} does not accept the certificate of this client, or its lack: ${words(cause)}; give the right tls.cert and tls.key`;
    return new ClientError('TLS_REFUSED', message, { cause });
  }
  return new ClientError('CONNECTION_LOST', `the socket to ${address} failed: ${words(cause)}`, { cause });
}

/** What a server says that checks certificates of clients. */
const alertOfCertificate = /ALERT_(CERTIFICATE_|BAD_CERTIFICATE|UNKNOWN_CA)/;

/** How the host knows that a socket which is destroyed is to be reset. */
interface Resettable {
  resetAndClosing: boolean;
}

/**
 * Ends a socket to a server that is silent, in such a way that the host forgets what it could not deliver: else it goes on trying,
 * and a value that was stored by it may arrive behind a delete that went over the next connection.
 *
 * `resetAndDestroy` would first wait for writes that will never end, so what it sets is set here. A host that does not know
 * it ends the socket as ever. Over TLS, and while the socket is still being opened, there is no such way.
 */
export function dropSocket(socket: Socket): void {
  if (!(socket instanceof TLSSocket) && !socket.connecting) {
    (socket as Socket & Resettable).resetAndClosing = true;
  }
  socket.destroy();
}

/** Where the check is switched off the socket knows an error of the certificate too, and may fail later for other reasons. */
function isRefusedCertificate(socket: Socket, cause: NodeJS.ErrnoException): boolean {
  if (!(socket instanceof TLSSocket) || !socket.authorizationError) return false;
  return String(socket.authorizationError) === (cause.code ?? cause.message);
}

/** A name with several addresses fails with an error for each, and no words of its own; OpenSSL's words stand between numbers and file names. */
function words(cause: Error & { readonly reason?: unknown }): string {
  if (cause instanceof AggregateError) return cause.errors.map((each: Error) => each.message).join(', ');
  return typeof cause.reason === 'string' ? cause.reason : cause.message;
}
