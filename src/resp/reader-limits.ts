/** What a client may send. Everything beyond is a protocol error. */
export interface ReaderLimits {
  /** Bytes of one argument. */
  readonly maxBulkBytes: number;
  /** Bytes of an inline command, and of the line that says a length. */
  readonly maxInlineBytes: number;
  /** Arguments of one request. */
  readonly maxArguments: number;
  /** Whether the client still has to authenticate: then 10 arguments of 16 KB must do. */
  readonly unauthenticated: boolean;
}

/** The limits of Redis. */
export const defaultReaderLimits: ReaderLimits = Object.freeze({
  maxBulkBytes: 512 * 1024 * 1024,
  maxInlineBytes: 64 * 1024,
  maxArguments: 2 ** 31 - 1,
  unauthenticated: false,
});

/** What a client may send before it authenticates; enough for HELLO with AUTH and SETNAME. As in Redis. */
export const UNAUTHENTICATED_MAX_ARGUMENTS = 10;
const UNAUTHENTICATED_MAX_BULK_BYTES = 16384;

/** The bytes that one argument may have under these limits. */
export function maxBulkBytesOf(limits: ReaderLimits): number {
  return limits.unauthenticated
    ? Math.min(limits.maxBulkBytes, UNAUTHENTICATED_MAX_BULK_BYTES)
    : limits.maxBulkBytes;
}
