/**
 * Where this node's reply is meant to differ from redis-server 7.0.15, each with its reason. The test fails when there
 * are more than twenty, and when one of them is no longer needed.
 */

export interface Exception {
  /** What differs. */
  readonly what: string;
  /** Why we answer otherwise. */
  readonly reason: string;
  /** Whether a reply that differs is of this kind. `command` is what was sent, in capitals; replies are byte strings. */
  readonly matches: (command: string, redis: string, node: string) => boolean;
}

const startsWith =
  (...beginnings: string[]) =>
  (command: string) =>
    beginnings.some((beginning) => command.startsWith(beginning));

const sortedLines = (reply: string) => reply.split('\r\n').sort().join();
const noCluster = '-ERR This instance has cluster support disabled\r\n';

export const exceptions: readonly Exception[] = [
  {
    what: 'HELP of container commands',
    reason: 'lists the subcommands this node has, in our own words',
    matches: (command, redis, node) =>
      command.endsWith(' HELP') && node.includes('. Subcommands are:\r\n') && redis !== node,
  },
  {
    what: 'CLUSTER, READONLY, READWRITE and ASKING outside a cluster',
    reason:
      'a lone node owns all slots, so that cluster clients can use it; redis-server refuses these without cluster mode',
    matches: (_, redis, node) => redis === noCluster && node !== noCluster,
  },
  {
    what: 'OBJECT ENCODING of a value that was changed in place',
    reason:
      'all values are kept alike; the reply is what Redis would say of the same bytes had they been SET',
    matches: (command, redis, node) =>
      command.startsWith('OBJECT ENCODING ') &&
      [redis, node].every((reply) => /^\$\d\r\n(raw|int|embstr)\r\n$/.test(reply)),
  },
  {
    what: 'OBJECT IDLETIME',
    reason: 'the order of use is kept exactly, without a clock; a made-up number would mislead',
    matches: (command, _, node) => command.startsWith('OBJECT IDLETIME ') && node.startsWith('-ERR '),
  },
  {
    what: 'FUNCTION STATS',
    reason: 'there is no script engine to name',
    matches: startsWith('FUNCTION STATS'),
  },
  {
    what: 'limits in the errors of CONFIG SET',
    reason: 'a limit that this node could not keep is refused: numbers end at 2^53, values at 512 MB',
    matches: (command, redis, node) =>
      command.startsWith('CONFIG SET ') &&
      [redis, node].every((reply) => reply.includes('argument must be between')),
  },
  {
    what: 'CONFIG SET of what this node does not do',
    reason:
      'OK would promise a disk, notifications, another policy or memory without end; docs/configuration.md lists what is refused',
    matches: (command, redis, node) =>
      /^CONFIG SET (MAXMEMORY 0|SAVE 900 1|NOTIFY-KEYSPACE-EVENTS KEA|PROTECTED-MODE NO|MAXMEMORY-POLICY NOEVICTION)$/.test(
        command,
      ) &&
      redis === '+OK\r\n' &&
      node.startsWith('-ERR CONFIG SET failed '),
  },
  {
    what: 'CONFIG GET tracking-table-max-keys',
    reason: 'the table of tracked keys is bounded in bytes (tracking-table-max-bytes), not in keys',
    matches: startsWith('CONFIG GET TRACKING-TABLE-MAX-KEYS'),
  },
  {
    what: 'tracking and SWAPDB',
    reason:
      'clients that keep keys are told to drop them; Redis lets them go on with the values of the other database',
    matches: (command, _, node) =>
      command === 'AFTER SWAPDB' && node.startsWith('>2\r\n$10\r\ninvalidate\r\n_\r\n'),
  },
  {
    what: 'messages to a client that publishes to itself inside EXEC',
    reason:
      'they follow the reply of EXEC, as in Redis since 7.2; 7.0 writes them between the elements of that reply',
    matches: (command, redis, node) =>
      command === 'EXEC' && redis.includes('$7\r\nmessage\r\n') && sortedLines(redis) === sortedLines(node),
  },
  {
    what: 'PTTL of a lifetime that ends after the year 287,396',
    reason: 'times are kept in doubles, which beyond 2^53 ms are whole numbers of 2 to 1,024 ms',
    matches: (command, redis, node) =>
      command.startsWith('PTTL ') &&
      [redis, node].every((reply) => Number(reply.slice(1)) > Number.MAX_SAFE_INTEGER) &&
      Math.abs(Number(redis.slice(1)) - Number(node.slice(1))) <= 10_000,
  },
];
