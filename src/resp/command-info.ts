import { categoriesOf } from './command-category.js';
import { keyBounds } from './command-keys.js';
import type { CommandSpec, KeyRange } from './command-spec.js';
import type { ReplyWriter } from './reply-writer.js';

/**
 * Writes what COMMAND and COMMAND INFO say of one command, ten elements: name, arity, flags, first key, last
 * key, step, categories, tips, key specifications, subcommands.
 */
export function writeCommandInfo(writer: ReplyWriter, spec: CommandSpec): void {
  const { first, last, step } = keyBounds(spec);
  writer.array(10);
  writer.bulkText(spec.name);
  writer.integer(spec.arity);
  writeNames(writer, spec.flags);
  writer.integer(first);
  writer.integer(last);
  writer.integer(step);
  writeNames(
    writer,
    categoriesOf(spec).map((category) => `@${category}`),
  );
  const tips = spec.tips ?? [];
  writer.set(tips.length);
  for (const tip of tips) writer.bulkText(tip);
  const keys = spec.keys ?? [];
  writer.set(keys.length);
  for (const range of keys) writeKeyRange(writer, range);
  const subcommands = spec.subcommands ?? [];
  if (subcommands.length === 0) writer.set(0);
  else writer.array(subcommands.length);
  for (const subcommand of subcommands) writeCommandInfo(writer, subcommand);
}

/** A set of simple strings. */
export function writeNames(writer: ReplyWriter, names: readonly string[]): void {
  writer.set(names.length);
  for (const name of names) writer.simple(name);
}

function writeKeyRange(writer: ReplyWriter, range: KeyRange): void {
  writer.map(3);
  writer.bulkText('flags');
  writeNames(writer, range.flags);
  writer.bulkText('begin_search');
  writer.map(2);
  writer.bulkText('type');
  writer.bulkText('index');
  writer.bulkText('spec');
  writer.map(1);
  writer.bulkText('index');
  writer.integer(range.index);
  writer.bulkText('find_keys');
  writer.map(2);
  writer.bulkText('type');
  writer.bulkText('range');
  writer.bulkText('spec');
  writer.map(3);
  writer.bulkText('lastkey');
  writer.integer(range.last);
  writer.bulkText('keystep');
  writer.integer(range.step);
  writer.bulkText('limit');
  writer.integer(0);
}
