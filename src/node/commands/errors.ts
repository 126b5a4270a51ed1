import { MAX_TEXT_BYTES, type Request } from '../../resp/index.js';

/** The error replies of the data commands, word for word those of Redis 7.0 unless a comment says otherwise. */
export const errors = {
  syntax: 'ERR syntax error',
  notInteger: 'ERR value is not an integer or out of range',
  notFloat: 'ERR value is not a valid float',
  outOfMemory: "OOM command not allowed when used memory > 'maxmemory'.",
  incrementOverflow: 'ERR increment or decrement would overflow',
  decrementOverflow: 'ERR decrement would overflow',
  incrementNotFinite: 'ERR increment would produce NaN or Infinity',
  stringTooLong: 'ERR string exceeds maximum allowed size (proto-max-bulk-len)',
  offsetOutOfRange: 'ERR offset is out of range',
  bitOffset: 'ERR bit offset is not an integer or out of range',
  bitValue: 'ERR bit is not an integer or out of range',
  bitArgument: 'ERR The bit argument must be 1 or 0.',
  bitopNotKeys: 'ERR BITOP NOT must be called with a single source key.',
  bitfieldType:
    'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
  bitfieldOverflow: 'ERR Invalid OVERFLOW type specified',
  bitfieldReadOnly: 'ERR BITFIELD_RO only supports the GET subcommand',
  noSuchKey: 'ERR no such key',
  sameObject: 'ERR source and destination objects are the same',
  databaseRange: 'ERR DB index is out of range',
  firstDatabase: 'ERR invalid first DB index',
  secondDatabase: 'ERR invalid second DB index',
  invalidCursor: 'ERR invalid cursor',
  expireNxAndOthers: 'ERR NX and XX, GT or LT options at the same time are not compatible',
  expireGtAndLt: 'ERR GT and LT options at the same time are not compatible',
  lcsLengthAndIndexes: 'ERR If you want both the length and indexes, please just use IDX.',
  lcsTooLarge: 'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',
  objectFrequency:
    'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when ' +
    'switching between policies at runtime LRU and LFU data will take some time to adjust.',
  /** Ours, in the form Redis uses when its policy keeps no idle times. */
  objectIdleTime:
    'ERR The order of use is kept exactly, without clocks, idle time not tracked. The key used longest ago is evicted first.',
  /** Ours: keys in Redis may be as long as values. */
  keyTooLong: 'ERR key is too long: the limit is 65536 bytes',
} as const;

/** Ours: what is kept or matched as a text has a bound. `what` is "channel", "pattern" or "prefix". */
export function textTooLong(what: string, bytes: number): string {
  return `ERR ${what} is too long: it has ${bytes} bytes, the limit is ${MAX_TEXT_BYTES}`;
}

export function invalidExpireTime(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}

export function wrongArity(command: string): string {
  return `ERR wrong number of arguments for '${command}' command`;
}

/** `text` as the client sent it; the writer replaces line breaks. */
export function unsupportedOption(text: string): string {
  return `ERR Unsupported option ${text}`;
}

/** What Redis says when a subcommand checks the number of its arguments by itself. */
export function subcommandSyntax(request: Request): string {
  const [command, subcommand] = [request.text(0).toUpperCase(), request.text(1)];
  return `ERR unknown subcommand or wrong number of arguments for '${subcommand}'. Try ${command} HELP.`;
}
