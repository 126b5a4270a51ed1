import { writeNames } from './command-info.js';
import type { CommandSpec } from './command-spec.js';
import { type CommandArgument, parseSyntax } from './command-syntax.js';
import type { ReplyWriter } from './reply-writer.js';

/** Writes one pair of COMMAND DOCS: the name of a command and the map of its documentation. */
export function writeCommandDocs(writer: ReplyWriter, spec: CommandSpec): void {
  const parsed = parseSyntax(spec);
  const { deprecated, subcommands } = spec;
  writer.bulkText(spec.name);
  writer.map(4 + (deprecated ? 3 : 0) + (parsed.length > 0 ? 1 : 0) + (subcommands ? 1 : 0));
  writePair(writer, 'summary', spec.summary);
  writePair(writer, 'since', spec.since);
  writePair(writer, 'group', spec.group);
  writePair(writer, 'complexity', spec.complexity);
  if (deprecated) {
    writer.bulkText('doc_flags');
    writeNames(writer, ['deprecated']);
    writePair(writer, 'deprecated_since', deprecated.since);
    writePair(writer, 'replaced_by', `\`${deprecated.use}\``);
  }
  if (parsed.length > 0) writeArguments(writer, parsed);
  if (subcommands) {
    writer.bulkText('subcommands');
    writer.map(subcommands.length);
    for (const subcommand of subcommands) writeCommandDocs(writer, subcommand);
  }
}

function writeArguments(writer: ReplyWriter, list: readonly CommandArgument[]): void {
  writer.bulkText('arguments');
  writer.array(list.length);
  for (const argument of list) writeArgument(writer, argument);
}

function writeArgument(writer: ReplyWriter, argument: CommandArgument): void {
  const flags = [
    ...(argument.isOptional ? ['optional'] : []),
    ...(argument.isMultiple ? ['multiple'] : []),
    ...(argument.isMultipleToken ? ['multiple_token'] : []),
  ];
  const { token, keySpecIndex } = argument;
  const parts = argument.arguments;
  const optionalPairs = [
    token !== undefined,
    keySpecIndex !== undefined,
    flags.length > 0,
    parts !== undefined,
  ];
  writer.map(2 + optionalPairs.filter(Boolean).length);
  writePair(writer, 'name', argument.name);
  writePair(writer, 'type', argument.type);
  if (keySpecIndex !== undefined) {
    writer.bulkText('key_spec_index');
    writer.integer(keySpecIndex);
  }
  if (token !== undefined) writePair(writer, 'token', token);
  if (flags.length > 0) {
    writer.bulkText('flags');
    writeNames(writer, flags);
  }
  if (parts !== undefined) writeArguments(writer, parts);
}

function writePair(writer: ReplyWriter, name: string, value: string): void {
  writer.bulkText(name);
  writer.bulkText(value);
}
