/**
 * The one place that uses private interfaces of Node.js, and their public substitute.
 *
 * Reading: every accepted connection reads into one shared buffer, so that reading allocates nothing.
 * `new net.Socket({ onread: { buffer, callback } })` is the public form of that, but only for sockets one
 * makes oneself; those a `net.Server` accepts are made inside it, without `onread` (sources of 20.20, 22.23
 * and 24.21 read). So the server's handle gets our `onconnection` in place of its own, which builds the
 * socket from the accepted handle and then does the server's book-keeping as the original does:
 *
 *   accept error, maxConnections reached --> the original, unchanged
 *   else  new Socket({ handle, onread }), server._connections++, socket.server, 'connection' event
 *
 * What was read goes from the handle straight to the receiver; all else a read can mean (the end, an error)
 * goes the way of the socket.
 *
 * Writing: a stream queues a callback for the next tick after every write, even one the kernel took at once,
 * and that costs as much as parsing and executing a request. The handle below it says at once what became of
 * the bytes, so a write of ours is one call into it.
 *
 *   handle.writeBuffer(request, bytes) --> kLastWriteWasAsync 0: taken, the request object is free again
 *                                      --> 1: held by libuv, request.oncomplete(status) when done
 *
 * The stream knows nothing of these writes; it serves for ending and destroying, which libuv does in their
 * order. If any of the private parts looks different than expected, or `publicOnly` is set, the stream serves
 * for both ways: the same behavior, a fifth slower without pipelining, one buffer a read.
 *
 * Source: Node.js, lib/net.js (`onconnection`, `Socket`), lib/internal/stream_base_commons.js
 * (`onStreamRead`, `writeGeneric`), src/stream_base.cc (`StreamBase::Write`).
 */
import { channel } from 'node:diagnostics_channel';
import { type Server, Socket } from 'node:net';
import { Block } from '../base/index.js';
import { StreamWire, type Wire } from './wire.js';

/** What the kernel hands over at once. As large as libuv's own read buffer. */
export const READ_BYTES = 64 * 1024;

/** Takes the bytes 0 to `end` of `block`, which are void when it returns. */
export type Receive = (block: Block, end: number) => void;

/** Takes a connection: its socket, the way of its replies; returns who gets its bytes. */
export type Accept = (socket: Socket, wire: Wire) => Receive;

/** The parts of a listening handle that the seam touches. */
interface ServerHandle {
  onconnection?: (error: number, clientHandle: ClientHandle | undefined) => void;
}

/** The parts of a connection's handle that the seam touches. */
interface ClientHandle {
  /** Called for each read; its length or error stands in `streamBaseState`. */
  onread: (this: ClientHandle, data: unknown) => void;
  /** Returns 0 or an error number. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
}

interface ServerInternals {
  _handle?: ServerHandle | null;
  _connections?: number;
}

interface SocketInternals {
  server: Server | null;
  _server: Server | null;
}

/** An object that libuv keeps while it holds bytes. */
interface WriteRequest {
  /** Keeps the bytes from the collector. */
  bytes?: Uint8Array;
  oncomplete?: (status: number) => void;
}

/** What Node.js lets its own streams use. */
interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  /** Results of the last call into a handle, by the indexes below. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

const acceptedSockets = channel('net.server.socket');

/**
 * Calls `accept` for each connection of `server`, which must be listening. Returns whether the private seam is
 * in use.
 */
export function serveConnections(server: Server, publicOnly: boolean, accept: Accept): boolean {
  const internals = server as unknown as ServerInternals;
  const handle = internals._handle;
  const binding = publicOnly ? undefined : streamBinding();
  const seam =
    binding !== undefined &&
    typeof handle?.onconnection === 'function' &&
    typeof internals._connections === 'number';
  if (seam) installSeam(server, handle, binding, accept);
  // Sockets that the seam has made are known to it; all others come with events.
  server.on('connection', (socket) => {
    if (socketsOfSeam.has(socket)) return;
    const receive = accept(socket, new StreamWire(socket));
    socket.on('data', (chunk: Buffer) => receive(new Block(chunk), chunk.length));
  });
  return seam;
}

/** Marks the sockets made here until their 'connection' event is over. */
const socketsOfSeam = new WeakSet<Socket>();

/** The binding, or undefined if this Node.js does not give it away or it looks different. */
function streamBinding(): StreamBinding | undefined {
  try {
    const { binding } = process as unknown as { binding(name: string): Partial<StreamBinding> };
    const found = binding.call(process, 'stream_wrap');
    const isComplete =
      typeof found.WriteWrap === 'function' &&
      found.streamBaseState instanceof Int32Array &&
      Number.isInteger(found.kReadBytesOrError) &&
      Number.isInteger(found.kLastWriteWasAsync);
    return isComplete ? (found as StreamBinding) : undefined;
  } catch {
    return undefined;
  }
}

function installSeam(server: Server, handle: ServerHandle, binding: StreamBinding, accept: Accept): void {
  const original = handle.onconnection;
  if (original === undefined) return;
  const shared = new Block(Buffer.allocUnsafeSlow(READ_BYTES));
  const internals = server as unknown as { _connections: number; readonly allowHalfOpen: boolean };
  const writes = new HandleWrites(binding);
  handle.onconnection = function onconnection(
    this: ServerHandle,
    error: number,
    clientHandle: ClientHandle | undefined,
  ): void {
    const full =
      server.maxConnections !== undefined &&
      server.maxConnections > 0 &&
      internals._connections >= server.maxConnections;
    if (error !== 0 || full || typeof clientHandle?.writeBuffer !== 'function') {
      original.call(this, error, clientHandle);
      return;
    }
    let receive: Receive = ignore;
    const options = {
      handle: clientHandle,
      allowHalfOpen: internals.allowHalfOpen,
      readable: true,
      writable: true,
      onread: { buffer: shared.bytes, callback: ignore },
    };
    const socket = new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]);
    const { onread } = clientHandle;
    const { streamBaseState, kReadBytesOrError } = binding;
    clientHandle.onread = function readInto(data: unknown): void {
      const length = streamBaseState[kReadBytesOrError];
      if (length > 0) receive(shared, length);
      else onread.call(this, data);
    };
    internals._connections++;
    const owned = socket as unknown as SocketInternals;
    owned.server = server;
    owned._server = server;
    socketsOfSeam.add(socket);
    receive = accept(socket, new HandleWire(socket, clientHandle, writes));
    server.emit('connection', socket);
    if (acceptedSockets.hasSubscribers) acceptedSockets.publish({ socket });
  };
}

/** What all wires of a server share: the binding, and a request object for the next write. */
class HandleWrites {
  readonly #binding: StreamBinding;
  #spare: WriteRequest;

  constructor(binding: StreamBinding) {
    this.#binding = binding;
    this.#spare = new binding.WriteWrap();
  }

  /** Writes; if the bytes are held, `done` is called with 0 or an error number when they are not any more. */
  write(
    handle: ClientHandle,
    bytes: Uint8Array,
    done: (status: number) => void,
  ): 'taken' | 'held' | 'failed' {
    const { streamBaseState, kLastWriteWasAsync, WriteWrap } = this.#binding;
    const request = this.#spare;
    const error = handle.writeBuffer(request, bytes);
    if (error === 0 && streamBaseState[kLastWriteWasAsync] === 0) return 'taken';
    this.#spare = new WriteWrap();
    if (error !== 0) return 'failed';
    request.bytes = bytes;
    request.oncomplete = done;
    return 'held';
  }
}

/** A wire past the stream. */
class HandleWire implements Wire {
  onSent: (error?: Error | null) => void = ignore;
  readonly #socket: Socket;
  readonly #handle: ClientHandle;
  readonly #writes: HandleWrites;
  readonly #done = (status: number): void => {
    this.onSent(status < 0 ? new Error(`a write failed: ${status}`) : null);
  };

  constructor(socket: Socket, handle: ClientHandle, writes: HandleWrites) {
    this.#socket = socket;
    this.#handle = handle;
    this.#writes = writes;
  }

  write(bytes: Uint8Array): boolean {
    // After `destroy` the handle is closed; libuv must not see it again.
    if (this.#socket.destroyed) return true;
    const fate = this.#writes.write(this.#handle, bytes, this.#done);
    // As a stream does: nobody is left to answer, and 'close' follows.
    if (fate === 'failed') this.#socket.destroy();
    return fate !== 'held';
  }
}

function ignore(): void {}
