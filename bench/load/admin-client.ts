/**
 * A small RESP2 client for the questions a bench asks beside the load: INFO, DBSIZE, CONFIG SET, SCAN, STRLEN.
 * Requests may be pipelined; replies come in order. It is for small replies and no speed.
 */
import { connect, type Socket } from 'node:net';

export type AdminReply = string | number | null | Error | AdminReply[];

export class AdminClient {
  readonly #socket: Socket;
  readonly #waiting: { resolve: (reply: AdminReply) => void; reject: (error: Error) => void }[] = [];
  #received = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#deliver();
    });
    const gone = (error?: Error): void => {
      for (const { reject } of this.#waiting.splice(0))
        reject(error ?? new Error('The server closed the connection'));
    };
    socket.on('error', gone);
    socket.on('close', () => gone());
  }

  static connect(port: number): Promise<AdminClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new AdminClient(socket)));
    });
  }

  /** Sends one command. An error reply rejects. */
  async call(...words: string[]): Promise<AdminReply> {
    const reply = await this.#send(words);
    if (reply instanceof Error) throw new Error(`${words.join(' ')}: ${reply.message}`);
    return reply;
  }

  async integer(...words: string[]): Promise<number> {
    return Number(await this.call(...words));
  }

  /** The fields of INFO (all sections), as text. */
  async info(): Promise<Map<string, string>> {
    const text = String(await this.call('INFO', 'everything'));
    return new Map(
      text
        .split('\r\n')
        .filter((line) => line.includes(':'))
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
    );
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(words: string[]): Promise<AdminReply> {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    this.#socket.write(`*${words.length}\r\n${parts.join('')}`);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #deliver(): void {
    let at = 0;
    while (this.#waiting.length > 0) {
      const parsed = parseReply(this.#received, at);
      if (parsed === undefined) break;
      at = parsed.end;
      this.#waiting.shift()?.resolve(parsed.reply);
    }
    this.#received = this.#received.subarray(at);
  }
}

/** The reply that begins at `at`, and where it ends; undefined when it is not all there. */
export function parseReply(bytes: Buffer, at: number): { reply: AdminReply; end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString('latin1', at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes[at]) {
    case 0x2b: // +
      return { reply: line, end };
    case 0x2d: // -
      return { reply: new Error(line), end };
    case 0x3a: // :
      return { reply: Number(line), end };
    case 0x24: {
      // $
      const length = Number(line);
      if (length < 0) return { reply: null, end };
      if (bytes.length < end + length + 2) return undefined;
      return { reply: bytes.toString('latin1', end, end + length), end: end + length + 2 };
    }
    case 0x2a: // *
      return parseItems(bytes, end, Number(line));
    default:
      throw new Error(`Not a RESP2 reply: ${line}`);
  }
}

function parseItems(
  bytes: Buffer,
  from: number,
  count: number,
): { reply: AdminReply; end: number } | undefined {
  if (count < 0) return { reply: null, end: from };
  const items: AdminReply[] = [];
  let end = from;
  for (let index = 0; index < count; index++) {
    const item = parseReply(bytes, end);
    if (item === undefined) return undefined;
    items.push(item.reply);
    end = item.end;
  }
  return { reply: items, end };
}
