/**
 * A TCP proxy that holds back what the server says and then says it in one piece, as a network may.
 *
 *   client --> server           at once
 *   client <-- [ held ] <-- server       release: all of it in one write
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class SplicingProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #clients = new Map<Socket, Buffer[]>();
  #holds = false;

  private constructor(server: Server, port: number, target: number) {
    this.port = port;
    this.#server = server;
    server.on('connection', (client: Socket) => this.#join(client, connect(target, '127.0.0.1')));
  }

  static async start(target: number): Promise<SplicingProxy> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');
    return new SplicingProxy(server, address.port, target);
  }

  /** All that is held, as text. */
  get held(): string {
    return Buffer.concat([...this.#clients.values()].flat()).toString('latin1');
  }

  hold(): void {
    this.#holds = true;
  }

  release(): void {
    this.#holds = false;
    for (const [client, chunks] of this.#clients) client.write(Buffer.concat(chunks.splice(0)));
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.keys()) client.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket, server: Socket): void {
    const chunks: Buffer[] = [];
    this.#clients.set(client, chunks);
    client.on('data', (chunk: Buffer) => server.write(chunk));
    server.on('data', (chunk: Buffer) => {
      if (this.#holds) chunks.push(chunk);
      else client.write(chunk);
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ]) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
    client.on('close', () => this.#clients.delete(client));
  }
}
