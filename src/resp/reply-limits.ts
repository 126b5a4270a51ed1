/** Bounds on what a server may send us. At a limit the reader fails, and the connection is of no more use. */
export interface ReplyLimits {
  /** Largest bulk, in bytes. Default 512 MB, the largest a server stores. */
  readonly maxBulkBytes: number;
  /** Longest line: a simple string, an error. In bytes, default 64 KB. */
  readonly maxLineBytes: number;
  /** Deepest nesting of aggregates. Default 128; COMMAND DOCS needs 9. */
  readonly maxDepth: number;
  /** Largest reply in bytes of the wire. Default 1 GB. */
  readonly maxReplyBytes: number;
}

export const replyLimits: ReplyLimits = Object.freeze({
  maxBulkBytes: 512 * 1024 * 1024,
  maxLineBytes: 64 * 1024,
  maxDepth: 128,
  maxReplyBytes: 1024 * 1024 * 1024,
});
