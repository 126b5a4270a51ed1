/**
 * Connections whose session is over: nothing more is sent to them, and what they still send is dropped.
 *
 *   add --> FIN to the client --its FIN, an error--------> closed
 *                             --QUIET_MS without a byte--> closed (`closeQuiet`)
 *
 * A kernel that closes a socket with unread input resets the connection, and the replies it has not delivered
 * yet are lost. So a socket is closed only when all that came has been read. Who stays silent is not waited
 * for: pools of many clients see the end of an idle connection only when they use it again.
 */
import type { Socket } from 'node:net';

/** Silence after which nothing is under way any more: a round trip over any ordinary distance. */
const QUIET_MS = 250;

export class Lingering {
  readonly #sockets = new Map<Socket, { bytesRead: number; quietSinceMs: number }>();

  get size(): number {
    return this.#sockets.size;
  }

  /** All that was to be sent has been handed to the kernel; the socket's bytes go to nobody. */
  add(socket: Socket, nowMs: number): void {
    if (socket.destroyed) return;
    this.#sockets.set(socket, { bytesRead: socket.bytesRead, quietSinceMs: nowMs });
    socket.once('close', () => this.#sockets.delete(socket));
    socket.end();
    // What is not read would be there when the socket is closed.
    socket.resume();
  }

  closeQuiet(nowMs: number): void {
    for (const [socket, state] of this.#sockets) {
      const { bytesRead } = socket;
      if (bytesRead !== state.bytesRead) Object.assign(state, { bytesRead, quietSinceMs: nowMs });
      else if (nowMs - state.quietSinceMs >= QUIET_MS) socket.destroy();
    }
  }

  closeAll(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }
}
