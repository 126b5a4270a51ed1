/** COMMAND: the command table, told to clients and tools. */
import { Block } from '../../base/index.js';
import {
  CommandKeys,
  type CommandSpec,
  categoriesOf,
  commandTable,
  type Request,
  Request as RequestValue,
  type SubcommandName,
  writeCommandDocs,
  writeCommandInfo,
} from '../../resp/index.js';
import type { Command } from '../command.js';
import type { Handler, Session } from '../session.js';
import { patternArgument } from './arguments.js';

const keys = new CommandKeys();

export const commandHandlers = {
  command: writeAll,

  'command|count': (session) => session.out.integer(commandTable.length),

  'command|info'(session, request) {
    const { out } = session;
    if (request.count === 2) {
      writeAll(session);
      return;
    }
    out.array(request.count - 2);
    for (let i = 2; i < request.count; i++) {
      const command = find(session, request.text(i));
      if (command === undefined) out.nil();
      else writeCommandInfo(out, command.spec);
    }
  },

  'command|docs'(session, request) {
    const { out } = session;
    const found: CommandSpec[] = [];
    for (let i = 2; i < request.count; i++) {
      const command = find(session, request.text(i));
      if (command !== undefined) found.push(command.spec);
    }
    const chosen: readonly CommandSpec[] = request.count === 2 ? commandTable : found;
    out.map(chosen.length);
    for (const spec of chosen) writeCommandDocs(out, spec);
  },

  'command|list': listNames,

  'command|getkeys'(session, request) {
    const inner = innerRequest(session, request);
    if (inner === undefined) return;
    const { out } = session;
    out.array(keys.count);
    for (let k = 0; k < keys.count; k++) {
      const i = keys.arguments[k];
      out.bulk(inner.block, inner.starts[i], inner.lengths[i]);
    }
  },

  'command|getkeysandflags'(session, request) {
    const inner = innerRequest(session, request);
    if (inner === undefined) return;
    const { out } = session;
    const ranges = find(session, inner.text(0))?.spec.keys ?? [];
    out.array(keys.count);
    for (let k = 0; k < keys.count; k++) {
      const i = keys.arguments[k];
      const flags = flagsIn(inner, ranges[keys.ranges[k]].flags);
      out.array(2);
      out.bulk(inner.block, inner.starts[i], inner.lengths[i]);
      out.set(flags.length);
      for (const flag of flags) out.simple(flag);
    }
  },
} satisfies Partial<Record<SubcommandName<'command'> | 'command', Handler>>;

/** What a command does to its key, where that depends on its arguments: SET with GET reads, BITFIELD may only read. */
function flagsIn(request: Request, flags: readonly string[]): readonly string[] {
  if (!flags.includes('variable_flags')) return flags;
  const reads = ['RW', 'access', 'update'];
  if (request.is(0, 'SET')) return hasWord(request, 3, 'GET') ? reads : ['OW', 'update'];
  return hasWord(request, 2, 'SET') || hasWord(request, 2, 'INCRBY') ? reads : ['RO', 'access'];
}

function hasWord(request: Request, from: number, word: string): boolean {
  for (let i = from; i < request.count; i++) if (request.is(i, word)) return true;
  return false;
}

function writeAll(session: Session): void {
  session.out.array(commandTable.length);
  for (const spec of commandTable) writeCommandInfo(session.out, spec);
}

/** A command or, as `parent|sub`, a subcommand. */
function find(session: Session, name: string): Command | undefined {
  const [first, second] = name.split('|', 2);
  const head = Block.of(first);
  const command = session.node.commands.index.find(head, 0, first.length);
  if (second === undefined || command === undefined) return command;
  return command.subcommands?.find(Block.of(second), 0, second.length);
}

/** COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern]. */
function listNames(session: Session, request: Request): void {
  const { out } = session;
  let accepts: (spec: CommandSpec) => boolean = () => true;
  if (request.count > 2) {
    if (request.count !== 5 || !request.is(2, 'FILTERBY')) {
      out.error('ERR syntax error');
      return;
    }
    const argument = request.text(4);
    if (request.is(3, 'ACLCAT')) {
      const category = argument.toLowerCase();
      accepts = (spec) => (categoriesOf(spec) as readonly string[]).includes(category);
    } else if (request.is(3, 'PATTERN')) {
      const pattern = patternArgument(session, request, 4, true);
      if (pattern === undefined) return;
      accepts = (spec) => pattern.matches(Block.of(spec.name), 0, spec.name.length);
    } else if (request.is(3, 'MODULE')) {
      accepts = () => false;
    } else {
      out.error('ERR syntax error');
      return;
    }
  }
  // Without a filter only the top level is listed, as in Redis.
  const all = request.count === 2 ? commandTable : withSubcommands();
  const names = all.filter(accepts).map((spec) => spec.name);
  out.array(names.length);
  for (const name of names) out.bulkText(name);
}

function withSubcommands(): CommandSpec[] {
  return (commandTable as readonly CommandSpec[]).flatMap((spec) => [spec, ...(spec.subcommands ?? [])]);
}

/** The request that COMMAND GETKEYS names, its keys located; undefined: the error is written. */
function innerRequest(session: Session, request: Request): Request | undefined {
  const { out } = session;
  const inner = new RequestValue();
  inner.block = request.block;
  inner.count = request.count - 2;
  inner.starts = request.starts.slice(2, request.count);
  inner.lengths = request.lengths.slice(2, request.count);
  let command = find(session, inner.text(0));
  if (command?.subcommands !== undefined && inner.count > 1) {
    command = command.subcommands.find(inner.block, inner.starts[1], inner.lengths[1]);
  }
  if (command === undefined) {
    out.error('ERR Invalid command specified');
    return undefined;
  }
  if (!command.spec.keys?.some((range) => !range.flags.includes('not_key'))) {
    out.error('ERR The command has no key arguments');
    return undefined;
  }
  const { arity } = command;
  if (arity > 0 ? inner.count !== arity : inner.count < -arity) {
    out.error('ERR Invalid number of arguments specified for command');
    return undefined;
  }
  if (keys.locate(command.spec, inner) === 0) {
    out.error('ERR Invalid arguments specified for command');
    return undefined;
  }
  return inner;
}
