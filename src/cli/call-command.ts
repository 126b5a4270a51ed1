/** `nuthatch call` on the command line: its flags and its help. */
import type { Command } from 'commander';
import { ExitCode } from './exit-codes.js';
import type { TextFlags } from './flag-reader.js';

export function addCall(program: Command): void {
  const command = program
    .command('call')
    .helpOption('-h, --help', 'Print this help')
    .summary('send commands to a node and print the replies')
    .description(
      'Sends one command to a node and prints its reply, as a small redis-cli does. ' +
        'Without a command, or with - in its place, it reads commands from standard input, one a line.',
    )
    .argument('[command...]', 'the command and its arguments')
    .passThroughOptions();
  addNodeFlags(command)
    .option('-n, --db <number>', 'Database, from 0 to 15 (default: 0)')
    .option('--resp <2|3>', 'Version of the protocol (default: 2, and 3 with --json)')
    .option('--json', 'Print replies as JSON, one a line')
    .option(
      '--raw',
      'Print replies as they are, without types and quotes (default when the output is no terminal)',
    )
    .option('--no-raw', 'Print replies with types and quotes (default on a terminal)')
    .addHelpText('after', callExamples)
    .action(async (words: string[], flags: TextFlags, command: Command) => {
      const { call } = await import('./call.js');
      const { callOptions } = await import('./call-options.js');
      if (words.length === 0 && process.stdin.isTTY === true)
        command.error('give a command, such as: nuthatch call PING');
      const options = callOptions(flags, process.env, process.stdout.isTTY === true);
      if ('problems' in options) command.error(options.problems.join('\n'));
      else process.exitCode = await call(words, options);
    });
}

/** The flags by which a command finds the node that it asks. */
export function addNodeFlags(command: Command): Command {
  command
    .option('--host <host>', 'Address of the node (default: 127.0.0.1, or NUTHATCH_HOST)')
    .option('-p, --port <port>', 'Port of the node (default: 6379, or NUTHATCH_PORT)');
  return addAccessFlags(command);
}

/** The flags by which it is let in. */
export function addAccessFlags(command: Command): Command {
  return command
    .option('--password <secret>', 'Password of the node (default: NUTHATCH_PASSWORD)')
    .option('--tls', 'Speak TLS; a file for it says so too')
    .option(
      '--tls-ca <file>',
      'Authorities that its certificate must be from (default: NUTHATCH_TLS_CA, or those of the system)',
    )
    .option('--tls-cert <file>', 'Certificate to show, where one is asked for (default: NUTHATCH_TLS_CERT)')
    .option('--tls-key <file>', 'Key of that certificate (default: NUTHATCH_TLS_KEY)');
}

const callExamples = `
Examples:
  nuthatch call SET greeting "hello, world" EX 60
  nuthatch call GET greeting
  nuthatch call --json MGET greeting nothing
  nuthatch call SUBSCRIBE news          prints what is published until Ctrl-C
  nuthatch call - < commands.txt        a command a line: SET key "two words"

Exit codes:
  ${ExitCode.OK}        every command was answered without an error
  ${ExitCode.ERROR_REPLY}        a command, or the password, was answered with an error
  ${ExitCode.USAGE}       the command line is wrong
  ${ExitCode.UNAVAILABLE}       no connection, or it broke
`;
