/** `nuthatch start` on the command line: its flags, made from the options table, and its help. */
import { type Command, Option } from 'commander';
import { ExitCode, exitCodeMeanings } from './exit-codes.js';
import {
  defaultText,
  flagOf,
  type OptionName,
  optionGroups,
  optionNames,
  optionSpec,
} from './options-table.js';
import type { Flags } from './settings.js';

export function addStart(program: Command, version: string): void {
  const command = program
    .command('start')
    .addHelpOption(new Option('-h, --help', 'Print this help').helpGroup('Running:'))
    .summary('start one cache node')
    .description(
      'Starts one cache node and stays until told to stop. It listens on this machine alone unless told otherwise.\n\n' +
        'Every option can also be set by a variable (--max-memory is NUTHATCH_MAX_MEMORY) or in a file given by ' +
        '--config (max-memory = "2gb"). A flag counts before a variable, and that before the file.',
    )
    .addHelpText('after', startExamples)
    // What belongs to no option is reported with all other problems, not before them.
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (flags: Record<string, string | boolean>, { args }: Command) => {
      const { start } = await import('./start.js');
      await start(byName(flags), args, version);
    });
  for (const group of optionGroups) {
    for (const name of optionNames.filter((one) => optionSpec(one).group === group)) addOption(command, name);
  }
}

function addOption(command: Command, name: OptionName): void {
  const spec = optionSpec(name);
  const { kind } = spec;
  const short = name === 'port' ? '-p, ' : '';
  const fallback = defaultText(spec);
  const isSwitch = kind.placeholder === '';
  // The secret's default is that there is none, and so is that of a file.
  const shown = isSwitch || fallback === '' || kind.secret ? '' : ` (default: ${fallback})`;
  const flags = isSwitch ? flagOf(name) : `${short}${flagOf(name)} ${kind.placeholder}`;
  command.addOption(new Option(flags, `${spec.help}${shown}`).helpGroup(`${spec.group}:`));
  if (isSwitch) command.addOption(new Option(`--no-${name}`).hideHelp());
}

/** Commander names options in camel case, and gives a switch that has a "no" form the value true by default. */
function byName(flags: Readonly<Record<string, string | boolean>>): Flags {
  const entries = optionNames.map((name) => [
    name,
    flags[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())],
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Flags;
}

const startExamples = `
Examples:
  nuthatch start                                        on 127.0.0.1:6379, half of the memory
  nuthatch start --port 7000 --max-memory 2gb --status  with a line of its traffic
  nuthatch start --host 0.0.0.0 --password-file secret  for other machines too
  NUTHATCH_MAX_MEMORY=75% nuthatch start                in a container: 75% of its limit
  nuthatch start --config /etc/nuthatch.toml            options from a file

Exit codes:
${exitCodeMeanings
  .filter(([code]) => code !== String(ExitCode.ERROR_REPLY))
  .map(([code, meaning]) => `  ${code.padEnd(9)}${meaning}`)
  .join('\n')}
`;
