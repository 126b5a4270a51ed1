import type { ClientError } from '../errors.js';

/** What a server says of itself when it is greeted (HELLO). */
export interface ServerGreeting {
  /** 'redis', 'valkey', ... */
  readonly server: string;
  readonly version: string;
  /** The connection's number on that server: CLIENT ID. 0 if it does not say. */
  readonly id: number;
  /** 'standalone', 'cluster', 'sentinel'. */
  readonly mode: string;
  /** 'master', 'replica'. */
  readonly role: string;
}

/**
 * What happens to a connection.
 *
 *   ready     calls are sent from now on
 *   broken    it was lost (`wasReady`) or an attempt failed; the next attempt begins in `retryInMs`
 *   closed    by its owner, for good
 */
export type ConnectionEvent =
  | { readonly kind: 'ready'; readonly server: ServerGreeting }
  | {
      readonly kind: 'broken';
      readonly error: ClientError;
      readonly wasReady: boolean;
      readonly retryInMs: number;
    }
  | { readonly kind: 'closed' };
