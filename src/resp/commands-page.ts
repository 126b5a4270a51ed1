/** docs/commands.md, from the command table. `scripts/commands-page.mjs` writes it. */
import { categoriesOf } from './command-category.js';
import type { CommandGroup, CommandSpec } from './command-spec.js';
import { commandTable } from './command-table.js';

export function commandsPage(): string {
  const sections = Object.entries(groupTitles).map(([group, title]) => {
    const specs = (commandTable as readonly CommandSpec[]).filter((spec) => spec.group === group);
    return `## ${title}\n\n${specs.flatMap(linesOf).join('\n')}\n`;
  });
  return `${introduction}\n${sections.join('\n')}`;
}

const groupTitles: Readonly<Record<CommandGroup, string>> = {
  string: 'Strings and numbers',
  bitmap: 'Bits',
  generic: 'Keys',
  lease: 'Load leases',
  connection: 'Connections',
  pubsub: 'Publish and subscribe',
  transactions: 'Transactions',
  server: 'Server',
  cluster: 'Cluster',
  scripting: 'Functions',
};

const introduction = `<!-- Written by scripts/commands-page.mjs from src/resp/command-table.ts. Change that, then run the script. -->

# Commands

What a node understands, with the version of Redis (7.2 and 9.0: Redis or Valkey) that brought it. Arguments,
replies and error texts are those of Redis. \`COMMAND DOCS\` of a node says the same to programs.

In the syntax, upper case words are literal, \`[]\` may be left out, \`<a | b>\` is a choice, \`...\` may be repeated.
`;

function linesOf(spec: CommandSpec): string[] {
  if (spec.subcommands === undefined) return [lineOf(spec)];
  const isCommand = spec.arity === -1;
  return [...(isCommand ? [lineOf(spec)] : []), ...spec.subcommands.map(lineOf)];
}

function lineOf(spec: CommandSpec): string {
  const name = spec.name.toUpperCase().replace('|', ' ');
  const usage = spec.syntax === '' ? name : `${name} ${spec.syntax}`;
  const instead = spec.deprecated === undefined ? '' : ` Deprecated: use ${spec.deprecated.use}.`;
  const waits = spec.change === 'takes away' ? ' In a cluster it waits for all copies.' : '';
  const categories = categoriesOf(spec).map((category) => `@${category}`);
  return `- \`${usage}\`\\\n  ${spec.summary}${instead}${waits} ${spec.complexity}. Since ${spec.since}. ${categories.join(' ')}`;
}
