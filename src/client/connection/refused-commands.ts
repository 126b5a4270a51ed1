/**
 * Commands that would break the order of a shared connection: they are answered by pushes or not at all, or change
 * what the connection is for everybody. The next answer would go to the wrong caller.
 */
const refused: ReadonlySet<string> = new Set([
  'HELLO',
  'MONITOR',
  'PSUBSCRIBE',
  'PSYNC',
  'PUNSUBSCRIBE',
  'QUIT',
  'RESET',
  'SELECT',
  'SSUBSCRIBE',
  'SUBSCRIBE',
  'SUNSUBSCRIBE',
  'SYNC',
  'UNSUBSCRIBE',
]);

const SHORTEST = 4;

/** The last name that was let through. Almost always the next command has the same. */
let allowed = '';

/** Whether a command may not be called on a connection. */
export function isRefused(args: readonly unknown[]): boolean {
  const name = args[0];
  if (name === allowed) return false;
  // Most names are shorter than any of these.
  if (typeof name !== 'string' || name.length < SHORTEST) return false;
  const upper = name.toUpperCase();
  if (refused.has(upper)) return true;
  if (upper !== 'CLIENT') {
    allowed = name;
    return false;
  }
  const subcommand = args[1];
  return typeof subcommand === 'string' && subcommand.toUpperCase() === 'REPLY';
}
