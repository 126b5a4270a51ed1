/**
 * The one place that uses a private interface of Node.js, and its public substitute.
 *
 * What we want: every accepted connection reads into one shared buffer, so that reading allocates nothing.
 * `new net.Socket({ onread: { buffer, callback } })` is the public form of that, but only for sockets one
 * makes oneself; those a `net.Server` accepts are made inside it, without `onread` (sources of 20.20, 22.23
 * and 24.21 read). So the server's handle gets our `onconnection` in place of its own, which builds the
 * socket from the accepted handle and then does the server's book-keeping as the original does:
 *
 *   accept error, maxConnections reached --> the original, unchanged
 *   else  new Socket({ handle, onread }), server._connections++, socket.server, 'connection' event
 *
 * If any of the private parts looks different than expected, or `publicOnly` is set, 'data' events serve
 * instead: the same behavior, about a tenth slower, one buffer a read.
 *
 * Source: lib/net.js of Node.js, functions `onconnection` and `Socket`.
 */
import { channel } from 'node:diagnostics_channel';
import { type Server, Socket } from 'node:net';
import { Block } from '../base/index.js';

/** What the kernel hands over at once. As large as libuv's own read buffer. */
const READ_BYTES = 64 * 1024;

/** Takes the bytes 0 to `end` of `block`, which are void when it returns. */
export type Receive = (block: Block, end: number) => void;

/** The parts of a server's handle that the seam touches. */
interface ServerHandle {
  onconnection?: (error: number, clientHandle: unknown) => void;
}

interface ServerInternals {
  _handle?: ServerHandle | null;
  _connections?: number;
}

interface SocketInternals {
  server: Server | null;
  _server: Server | null;
}

const acceptedSockets = channel('net.server.socket');

/**
 * Calls `accept` for each connection of `server`, which must be listening; what it returns gets the bytes.
 * Returns whether the private seam is in use.
 */
export function receiveFrom(
  server: Server,
  publicOnly: boolean,
  accept: (socket: Socket) => Receive,
): boolean {
  const internals = server as unknown as ServerInternals;
  const handle = internals._handle;
  const seam =
    !publicOnly && typeof handle?.onconnection === 'function' && typeof internals._connections === 'number';
  if (seam) installSeam(server, handle, accept);
  // Sockets that the seam has made are known to it; all others come with events.
  server.on('connection', (socket) => {
    if (socketsOfSeam.has(socket)) return;
    const receive = accept(socket);
    socket.on('data', (chunk: Buffer) => receive(new Block(chunk), chunk.length));
  });
  return seam;
}

/** Marks the sockets made here until their 'connection' event is over. */
const socketsOfSeam = new WeakSet<Socket>();

function installSeam(server: Server, handle: ServerHandle, accept: (socket: Socket) => Receive): void {
  const original = handle.onconnection;
  if (original === undefined) return;
  const shared = new Block(Buffer.allocUnsafeSlow(READ_BYTES));
  const internals = server as unknown as { _connections: number };
  handle.onconnection = function onconnection(
    this: ServerHandle,
    error: number,
    clientHandle: unknown,
  ): void {
    const full =
      server.maxConnections !== undefined &&
      server.maxConnections > 0 &&
      internals._connections >= server.maxConnections;
    if (error !== 0 || full || clientHandle === undefined) {
      original.call(this, error, clientHandle);
      return;
    }
    let receive: Receive = ignore;
    const options = {
      handle: clientHandle,
      allowHalfOpen: false,
      readable: true,
      writable: true,
      onread: {
        buffer: shared.bytes,
        callback: (length: number): boolean => {
          receive(shared, length);
          return true;
        },
      },
    };
    const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
    internals._connections++;
    const owned = socket as unknown as SocketInternals;
    owned.server = server;
    owned._server = server;
    socketsOfSeam.add(socket);
    receive = accept(socket);
    server.emit('connection', socket);
    if (acceptedSockets.hasSubscribers) acceptedSockets.publish({ socket });
  };
}

const ignore: Receive = () => {};
