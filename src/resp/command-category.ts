import type { CommandCategory, CommandSpec } from './command-spec.js';

/** The access categories of Redis, in its order. Of some there is no command here. */
export const categoryNames = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
] as const;

/** The categories of a command, in order: those it names and those that its flags imply. */
export function categoriesOf(spec: CommandSpec): CommandCategory[] {
  const categories = new Set<CommandCategory>(spec.categories);
  const has = (flag: CommandSpec['flags'][number]) => spec.flags.includes(flag);
  if (has('write')) categories.add('write');
  if (has('readonly')) categories.add('read');
  if (has('admin')) categories.add('admin').add('dangerous');
  if (has('pubsub')) categories.add('pubsub');
  categories.add(has('fast') ? 'fast' : 'slow');
  return categoryNames.filter((name): name is CommandCategory => (categories as Set<string>).has(name));
}
