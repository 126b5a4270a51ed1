/**
 * The way of commands to the socket: one write at a time, from buffers that are used again.
 *
 *   encoder ──flush──> socket.write ──the kernel takes all──> clear: the same encoder again
 *                           │
 *                           └──it does not──> the socket holds those bytes; calls go on into the other encoder,
 *                                             which is written when the first is free
 *
 * `writableLength === 0` after a write says that the kernel has taken everything. So a slow server makes larger writes,
 * not more of them.
 */
import type { Socket } from 'node:net';
import { CommandEncoder } from './command-encoder.js';

export class Outlet {
  /** Where the next commands go. */
  encoder = new CommandEncoder();
  #spare: CommandEncoder | undefined;
  #held: CommandEncoder | undefined;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Writes what is encoded, or leaves it for later if the last write is held. Returns whether it was handed over. */
  flush(): boolean {
    const { encoder } = this;
    if (encoder.length === 0 || this.#held !== undefined) return false;
    this.#socket.write(encoder.view(), this.#written);
    if (this.#socket.writableLength === 0) {
      encoder.clear();
    } else {
      this.#held = encoder;
      this.encoder = this.#spare ?? new CommandEncoder();
      this.#spare = undefined;
    }
    return true;
  }

  /** Called when a held write is over. */
  onFree: () => void = () => {};

  readonly #written = (error?: Error | null): void => {
    // A write the kernel took at once calls back too; and after an error the connection ends anyway.
    if (this.#held === undefined || error || this.#socket.writableLength > 0) return;
    this.#held.clear();
    this.#spare = this.#held;
    this.#held = undefined;
    this.onFree();
  };
}
