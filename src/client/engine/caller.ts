import type { Reply } from '../../resp/index.js';
import type { Argument } from '../connection/command-encoder.js';
import type { CallOptions } from '../connection/connection.js';

/** Whatever carries commands to a server and answers back, in their order: a connection of ours, or somebody else's. */
export interface Caller {
  /** As `Connection.call`: settles within the deadline, rejects with a ClientError. */
  call<B = Uint8Array, R = Reply<B>>(args: readonly Argument[], options?: CallOptions<B, R>): Promise<R>;
}
