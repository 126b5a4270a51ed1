/** HELP of the commands that have subcommands, made from the command table. */
import { type CommandSpec, type ContainerName, commandTable } from '../../resp/index.js';
import type { Handler, Session } from '../session.js';

type HelpName = `${ContainerName}|help`;

/** One handler for each; the texts are made when asked for. */
export function helpHandlers<Name extends HelpName>(names: readonly Name[]): Record<Name, Handler> {
  const handlers: Partial<Record<Name, Handler>> = {};
  for (const name of names) handlers[name] = (session) => writeHelp(session, name);
  return handlers as Record<Name, Handler>;
}

function writeHelp(session: Session, name: string): void {
  const lines = helpLines(name.slice(0, name.indexOf('|')));
  session.out.array(lines.length);
  for (const line of lines) session.out.simple(line);
}

function helpLines(parent: string): string[] {
  const specs: readonly CommandSpec[] = commandTable;
  const subcommands = specs.find((spec) => spec.name === parent)?.subcommands ?? [];
  const title = `${parent.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`;
  const others = subcommands.filter((spec) => !spec.name.endsWith('|help'));
  return [title, ...others.flatMap(describe), 'HELP', '    Prints this help.'];
}

function describe(spec: CommandSpec): string[] {
  const name = spec.name.slice(spec.name.indexOf('|') + 1).toUpperCase();
  return [spec.syntax === '' ? name : `${name} ${spec.syntax}`, `    ${spec.summary}`];
}
