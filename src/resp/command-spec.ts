/**
 * What is known about a command without running it: one record per command, and no code.
 *
 * Arity checks, key extraction, `COMMAND`, `COMMAND INFO`, `COMMAND DOCS`, access categories and
 * docs/commands.md are all derived from these records, so that they cannot disagree. The facts (arity,
 * flags, key positions, tips) are those that Redis 7.0 reports of the same commands.
 */
export interface CommandSpec {
  /** Lower case. A subcommand carries its parent: `client|kill`. */
  readonly name: string;
  /** The number of words including the name; negative: at least so many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  /** Of a command that writes: what it does to the data; 'replaces' if it does not say. */
  readonly change?: ChangeKind;
  /** Words among its arguments with which it takes something away. */
  readonly takesAwayWith?: readonly string[];
  /** Where the keys stand. */
  readonly keys?: readonly KeyRange[];
  /** Access categories beyond those that follow from the flags and the group, see `categoriesOf`. */
  readonly categories?: readonly CommandCategory[];
  /** Hints for clients and proxies, such as `request_policy:all_shards`. */
  readonly tips?: readonly string[];
  readonly group: CommandGroup;
  /** The version of Redis (or Valkey) that brought it; of our own commands, ours. */
  readonly since: string;
  /** Set when clients should use something else by now. */
  readonly deprecated?: { readonly since: string; readonly use: string };
  readonly complexity: string;
  readonly summary: string;
  /**
   * The arguments after the name as people write them, `key value [NX | XX] [EX seconds]`. Parsed by
   * `parseSyntax` for COMMAND DOCS: upper case words are literal, lower case ones are arguments.
   */
  readonly syntax: string;
  readonly subcommands?: readonly CommandSpec[];
}

/** Keys at argument `index`, and on to `last` in steps of `step`. Several ranges may follow each other. */
export interface KeyRange {
  /** The first key's argument; the command's name is argument 0. */
  readonly index: number;
  /** Relative to `index` when >= 0 (0: one key only), counted from the last argument when < 0 (-1: it). */
  readonly last: number;
  readonly step: number;
  readonly flags: readonly KeyFlag[];
}

/**
 * The first flag says how the entry is touched as a whole: read only, read and written, overwritten, removed.
 * The others say what happens to the value. `not_key`: routed like a key, but no key (a shard channel).
 */
export type KeyFlag =
  | 'RO'
  | 'RW'
  | 'OW'
  | 'RM'
  | 'access'
  | 'update'
  | 'insert'
  | 'delete'
  | 'not_key'
  | 'variable_flags';

/**
 * What a command that writes does to the data. In a cluster it follows who must have it before the reply leaves, and whether a write lease
 * is needed: docs/cluster-protocol.md.
 *
 *   'takes away'  something is not there any more, or for a shorter time; also when nothing was found
 *   'replaces'    values change
 *   'adds'        what was not there is stored, and only if nothing was taken away meanwhile
 *   'none'        only what the node remembers beside the data changes
 */
export type ChangeKind = 'takes away' | 'replaces' | 'adds' | 'none';

export type CommandFlag =
  | 'write'
  | 'readonly'
  | 'denyoom'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'loading'
  | 'stale'
  | 'skip_monitor'
  | 'skip_slowlog'
  | 'asking'
  | 'fast'
  | 'no_auth'
  | 'no_async_loading'
  | 'no_multi'
  | 'allow_busy';

export type CommandGroup =
  | 'string'
  | 'bitmap'
  | 'generic'
  | 'lease'
  | 'connection'
  | 'pubsub'
  | 'transactions'
  | 'server'
  | 'cluster'
  | 'scripting';

export type CommandCategory =
  | 'keyspace'
  | 'read'
  | 'write'
  | 'string'
  | 'bitmap'
  | 'pubsub'
  | 'admin'
  | 'fast'
  | 'slow'
  | 'dangerous'
  | 'connection'
  | 'transaction'
  | 'scripting';
