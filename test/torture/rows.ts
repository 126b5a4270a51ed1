/**
 * The database of the torture: rows that are nothing but a version, in the parent, which every process reads and writes
 * over a socket of its own, which no fault of the network reaches. Each write makes the version one larger.
 *
 *   request   | op, 1 byte | key, 4 | id, 4 |          reply   | id, 4 | version, 4 |
 *
 * `lock` writes and keeps the row: other writes of it wait until it is unlocked, as in a transaction. So who stores a value that
 * it has written (`set`) does that before the next one writes. The locks of a process that died are free; what it may yet
 * store is told.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nowNs } from '../kit/rows.js';

const READ_ROW = 1;
const WRITE_ROW = 2;
const LOCK_ROW = 3;
const UNLOCK_ROW = 4;
const REQUEST_BYTES = 9;
const REPLY_BYTES = 8;

interface Writer {
  readonly client: RowClientState;
  readonly id: number;
  readonly keeps: boolean;
}

interface RowClientState {
  readonly socket: Socket;
  rest: Buffer;
  readonly locked: Set<number>;
}

interface TableRow {
  version: number;
  /** When each version was written. */
  readonly writtenNs: number[];
  holder: RowClientState | undefined;
  readonly waiting: Writer[];
}

export class RowServer {
  /** Of the socket. */
  readonly path: string;
  readonly #folder: string;
  readonly #server: Server;
  readonly #rows: TableRow[];
  readonly #orphaned: (key: number, version: number) => void;

  private constructor(keys: number, orphaned: (key: number, version: number) => void) {
    this.#folder = mkdtempSync(join(tmpdir(), 'nuthatch-torture-'));
    this.path = join(this.#folder, 'rows');
    this.#server = createServer((socket) => this.#serve(socket));
    this.#orphaned = orphaned;
    this.#rows = Array.from({ length: keys }, () => ({
      version: 0,
      writtenNs: [],
      holder: undefined,
      waiting: [],
    }));
  }

  static async start(keys: number, orphaned: (key: number, version: number) => void): Promise<RowServer> {
    const rows = new RowServer(keys, orphaned);
    rows.#server.listen(rows.path);
    await once(rows.#server, 'listening');
    return rows;
  }

  /** The newest version of a row at that time. */
  versionAt(key: number, ns: number): number {
    const { writtenNs } = this.#rows[key];
    let [low, high] = [0, writtenNs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (writtenNs[middle] <= ns) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  stop(): void {
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #serve(socket: Socket): void {
    const client: RowClientState = { socket, rest: Buffer.alloc(0), locked: new Set() };
    socket.on('error', () => {});
    socket.on('close', () => this.#gone(client));
    socket.on('data', (chunk: Buffer) => {
      const bytes = client.rest.length === 0 ? chunk : Buffer.concat([client.rest, chunk]);
      socket.cork();
      let at = 0;
      for (; at + REQUEST_BYTES <= bytes.length; at += REQUEST_BYTES) {
        this.#request(client, bytes[at], bytes.readUInt32LE(at + 1), bytes.readUInt32LE(at + 5));
      }
      socket.uncork();
      client.rest = bytes.subarray(at);
    });
  }

  #request(client: RowClientState, op: number, key: number, id: number): void {
    const row = this.#rows[key];
    if (op === READ_ROW) {
      reply(client, id, row.version);
    } else if (op === UNLOCK_ROW) {
      client.locked.delete(key);
      this.#unlock(row, key);
    } else {
      row.waiting.push({ client, id, keeps: op === LOCK_ROW });
      this.#writeNext(row, key);
    }
  }

  #writeNext(row: TableRow, key: number): void {
    while (row.holder === undefined) {
      const writer = row.waiting.shift();
      if (writer === undefined) return;
      if (writer.client.socket.destroyed) continue;
      row.version++;
      row.writtenNs.push(nowNs());
      if (writer.keeps) {
        row.holder = writer.client;
        writer.client.locked.add(key);
      }
      reply(writer.client, writer.id, row.version);
    }
  }

  #unlock(row: TableRow, key: number): void {
    row.holder = undefined;
    this.#writeNext(row, key);
  }

  #gone(client: RowClientState): void {
    for (const key of client.locked) {
      const row = this.#rows[key];
      this.#orphaned(key, row.version);
      this.#unlock(row, key);
    }
  }
}

function reply({ socket }: RowClientState, id: number, version: number): void {
  const bytes = Buffer.allocUnsafe(REPLY_BYTES);
  bytes.writeUInt32LE(id, 0);
  bytes.writeUInt32LE(version, 4);
  if (!socket.destroyed) socket.write(bytes);
}

/** A process's connection to the rows. */
export class RowClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (version: number) => void>();
  #rest: Buffer = Buffer.alloc(0);
  #nextId = 0;
  #isCorked = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    // The parent is gone: nobody needs this process.
    socket.on('close', () => process.exit(0));
    socket.on('error', () => process.exit(0));
  }

  static async open(path: string): Promise<RowClient> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new RowClient(socket);
  }

  read(key: number): Promise<number> {
    return this.#ask(READ_ROW, key);
  }

  write(key: number): Promise<number> {
    return this.#ask(WRITE_ROW, key);
  }

  /** Writes, and keeps others from writing until `unlock`. */
  lock(key: number): Promise<number> {
    return this.#ask(LOCK_ROW, key);
  }

  unlock(key: number): void {
    this.#send(UNLOCK_ROW, key, 0);
  }

  #ask(op: number, key: number): Promise<number> {
    const id = ++this.#nextId;
    this.#send(op, key, id);
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  #send(op: number, key: number, id: number): void {
    const bytes = Buffer.allocUnsafe(REQUEST_BYTES);
    bytes[0] = op;
    bytes.writeUInt32LE(key, 1);
    bytes.writeUInt32LE(id, 5);
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      setImmediate(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(bytes);
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (; at + REPLY_BYTES <= bytes.length; at += REPLY_BYTES) {
      const id = bytes.readUInt32LE(at);
      const done = this.#waiting.get(id);
      this.#waiting.delete(id);
      done?.(bytes.readUInt32LE(at + 4));
    }
    this.#rest = bytes.subarray(at);
  }
}
