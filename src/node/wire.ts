/**
 * The way of replies to one client, below the outbox: bytes in, and word when they are gone.
 *
 *   write(bytes) --the kernel takes all at once--> true: the bytes may be reused
 *        |
 *        +--it does not--> false: the wire holds them --later--> onSent: they may be reused
 *
 * At most one write is held: who got false waits for `onSent`. The public forms stand here, over a stream, plain and
 * TLS; the private one, which passes the stream by, in socket-seam.ts.
 */
import type { Socket } from 'node:net';

export interface Wire {
  /** Hands bytes over. Returns whether the wire is done with them; else it is when it calls `onSent`. */
  write(bytes: Uint8Array): boolean;
  /** Called once for each write that returned false, its bytes sent or lost; after an error nothing can be sent. */
  onSent: (error?: Error | null) => void;
}

/**
 * `socket.write` tries the kernel at once, and `writableLength === 0` afterwards means that it took everything.
 * The stream calls back for those writes too: they are told apart by what is held.
 */
export class StreamWire implements Wire {
  onSent: (error?: Error | null) => void = ignore;
  readonly #socket: Socket;
  #isHolding = false;
  readonly #written = (error?: Error | null): void => {
    if (!this.#isHolding || (!error && this.#socket.writableLength > 0)) return;
    this.#isHolding = false;
    this.onSent(error);
  };

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  write(bytes: Uint8Array): boolean {
    this.#socket.write(bytes, this.#written);
    this.#isHolding = this.#socket.writableLength > 0;
    return !this.#isHolding;
  }
}

/** A write over TLS is made in pieces of this size: the encrypted copy of what a slow client has not taken is no larger. */
const PIECE_BYTES = 256 * 1024;

/**
 * TLS encrypts a write into a buffer of its own, however large it is, and never says at once that the kernel took it. So
 * every write is held, for a turn of the event loop at least, and a large one is encrypted piece by piece.
 */
export class TlsWire implements Wire {
  onSent: (error?: Error | null) => void = ignore;
  readonly #socket: Socket;
  #bytes: Uint8Array = NOTHING;
  readonly #written = (error?: Error | null): void => {
    if (!error && this.#bytes.length > 0) {
      this.#writePiece();
      return;
    }
    this.#bytes = NOTHING;
    this.onSent(error);
  };

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  write(bytes: Uint8Array): boolean {
    this.#bytes = bytes;
    this.#writePiece();
    return false;
  }

  #writePiece(): void {
    const piece = this.#bytes.subarray(0, PIECE_BYTES);
    this.#bytes = this.#bytes.subarray(piece.length);
    this.#socket.write(piece, this.#written);
  }
}

const NOTHING = new Uint8Array(0);

function ignore(): void {}
