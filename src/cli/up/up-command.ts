/** `nuthatch up` on the command line: its flags and its help. */
import type { Command } from 'commander';
import { ExitCode } from '../exit-codes.js';
import type { TextFlags } from '../flag-reader.js';

export function addUp(program: Command, version: string): void {
  program
    .command('up')
    .helpOption('-h, --help', 'Print this help')
    .summary('start a whole cluster on this machine')
    .description(
      'Starts a cluster on this machine, a process for each node, begins it, and shows how it is until Ctrl-C. A node that dies is ' +
        'started again. It listens on 127.0.0.1 alone.\n\n' +
        'With one shard for each core it is how all cores of a machine are used, and it shows what a cluster does: press k to kill a primary, and see.',
    )
    .argument('[options...]', 'behind --: options of `nuthatch start`, for each node')
    .option('--shards <number>', 'Parts to divide the keys into (default: one for each core)')
    .option('--replicas <number>', 'Copies of each shard besides its primary (default: 1)')
    .option('-p, --port <port>', 'Port of the first node; the next ones have the next ports (default: 6379)')
    .option('--free-ports', 'Take the next free ports where some are taken')
    .option(
      '--data <folder>',
      'Keep who the nodes are, and their logs, so that the next `up` goes on with the same cluster. No keys: they are in memory ' +
        '(default: a temporary folder, and the cluster ends with the command)',
    )
    .option(
      '--max-memory <size>',
      'Of each node (default: half of the memory of this machine, or of its cgroup, divided by the nodes)',
    )
    .option('--password <secret>', 'Password that clients must give (default: NUTHATCH_PASSWORD, or none)')
    .option('--password-file <file>', 'File that holds the password (default: NUTHATCH_PASSWORD_FILE)')
    .option(
      '--tls-cert <file>',
      'Certificate: the nodes speak TLS to clients (default: NUTHATCH_TLS_CERT, or none)',
    )
    .option('--tls-key <file>', 'Private key of the certificate (default: NUTHATCH_TLS_KEY)')
    .option('--tls-ca <file>', 'Authorities of the certificates of clients (default: NUTHATCH_TLS_CA)')
    .option(
      '--tls-clients <no|optional|required>',
      'Whether clients must show one (default: NUTHATCH_TLS_CLIENTS, or no)',
    )
    .addHelpText('after', upExamples)
    .action(async (rest: string[], flags: TextFlags, command: Command) => {
      const { up } = await import('./up.js');
      const { upOptions } = await import('./up-options.js');
      const options = upOptions(flags, process.env, rest);
      if ('problems' in options) command.error(options.problems.join('\n'));
      // It may have been ended while it still waited for nodes to answer.
      else process.exit(await up(options, version));
    });
}

const upExamples = `
Examples:
  nuthatch up                                    a shard for each core, with a replica each, from port 6379 on
  nuthatch up --shards 3 --replicas 1 -p 7000    6 nodes on ports 7000 to 7005
  nuthatch up --data ./cluster                   the same cluster at each start
  nuthatch up --shards 2 -- --max-stale 5s       each node with an option of \`nuthatch start\`

What to try:
  press k                         a primary is killed, and its replica takes over; without a terminal, kill -USR2 does it
  nuthatch cluster ring           what happened, when, and why
  nuthatch cluster failover 1     a planned hand-over, without a gap

Exit codes:
  ${ExitCode.OK}        stopped as told
  ${ExitCode.ERROR_REPLY}        the cluster could not be begun
  ${ExitCode.USAGE}       the command line is wrong
  ${ExitCode.UNAVAILABLE}       a port is taken, or a node cannot start
`;
