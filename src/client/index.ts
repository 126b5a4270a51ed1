export { utf8Text } from './bulk-decoders.js';
export type { Argument } from './connection/command-encoder.js';
export { type CallOptions, Connection, type ConnectionState } from './connection/connection.js';
export type { ConnectionEvent, ServerGreeting } from './connection/connection-event.js';
export type { ConnectionOptions, ServerAddress, TlsOptions } from './connection/connection-options.js';
export { parseRedisUrl } from './connection/redis-url.js';
export {
  ClientError,
  type ClientErrorCode,
  ClientOptionsError,
  clientErrors,
  ReplyFailure,
} from './errors.js';
export type { Timer, TimeSource } from './time.js';
