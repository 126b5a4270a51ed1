/**
 * The command line: which commands there are.
 *
 * What is not needed is not loaded: `nuthatch call` must not wait for the code of a node, which the options
 * of `nuthatch start` come from.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addCall } from './call-command.js';
import { addCluster } from './cluster/cluster-command.js';
import { addUp } from './up/up-command.js';

/** Runs the command line; rejects with a CommanderError when it is wrong, which has then been told. */
export async function runProgram(args: readonly string[]): Promise<void> {
  const program =
    args[0] === 'call' || args[0] === 'cluster' ? createWith(addCall, addCluster) : await createProgram();
  // No command at all is no mistake: it asks what there is.
  await program.parseAsync(args.length === 0 ? ['--help'] : args, { from: 'user' });
}

/** The program with all its commands. */
export async function createProgram(): Promise<Command> {
  const { addStart } = await import('./start-command.js');
  return createWith(
    (program) => addStart(program, version),
    (program) => addUp(program, version),
    addCall,
    addCluster,
  );
}

/** This package's version. */
export const version: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** The help of all commands, `columns` wide: for the test that keeps it. */
export async function allHelp(columns: number): Promise<string> {
  let text = '';
  const program = await createProgram();
  for (const command of withSubcommands(program)) {
    command.configureOutput({
      getOutHelpWidth: () => columns,
      writeOut(part) {
        text += part;
      },
    });
    command.outputHelp();
  }
  return text;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function createWith(...commands: readonly ((program: Command) => void)[]): Command {
  const program = new Command('nuthatch')
    .description(
      'A distributed cache. A node speaks the Redis protocol, so any Redis client works with it unchanged.',
    )
    .version(version, '-v, --version', 'Print the version')
    .helpOption('-h, --help', 'Print this help')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', programExamples);
  for (const add of commands) add(program);
  return program;
}

const programExamples = `
Examples:
  nuthatch start                      a node on 127.0.0.1:6379, using half of the memory
  nuthatch start --help               all that a node can be told
  nuthatch call SET greeting hello    a command to that node
  nuthatch up                         a cluster on this machine, all of its cores
  nuthatch cluster --help             to begin one on several machines, and to look at it
`;
