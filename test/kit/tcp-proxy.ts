/**
 * A TCP proxy on the way to a server, so that a test can stop the traffic or break it.
 *
 *   client --> proxy.port --> server.port        hang: bytes wait; cut: all connections end
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #hangs = false;

  private constructor(server: Server, port: number, target: number) {
    this.port = port;
    this.#server = server;
    server.on('connection', (socket: Socket) => this.#join(socket, connect(target, '127.0.0.1')));
  }

  static async start(target: number): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');
    return new TcpProxy(server, address.port, target);
  }

  /** Nothing gets through, in either direction; connections can be made. */
  hang(): void {
    this.#hangs = true;
    for (const socket of this.#sockets) socket.pause();
  }

  resume(): void {
    this.#hangs = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Ends all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    // Who connects at the last moment would be paused for ever.
    this.#hangs = false;
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(a: Socket, b: Socket): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ]) {
      this.#sockets.add(from);
      from.setNoDelay();
      from.on('data', (chunk: Buffer) => to.write(chunk));
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      if (this.#hangs) from.pause();
      else from.resume();
    }
  }
}
