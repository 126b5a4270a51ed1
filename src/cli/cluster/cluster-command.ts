/** `nuthatch cluster` on the command line: its commands, their flags and help. */
import type { Command } from 'commander';
import { addAccessFlags, addNodeFlags } from '../call-command.js';
import { ExitCode } from '../exit-codes.js';
import type { TextFlags } from '../flag-reader.js';

export function addCluster(program: Command): void {
  const cluster = program
    .command('cluster')
    .helpOption('-h, --help', 'Print this help')
    .helpCommand(false)
    .summary('begin a cluster, look at it, hand over')
    .description(
      'Begins a cluster of nodes that were started with --cluster or --join, says how it is, and hands a shard over. ' +
        'Any node of the cluster can be asked: by default the one on 127.0.0.1:6379.',
    )
    .addHelpText('after', clusterExamples);
  addInit(cluster);
  addLook(
    cluster,
    'status',
    'who holds what, and what is missing',
    'Prints each shard with its primary and replicas, whether it takes writes, and who is away.',
  );
  addLook(
    cluster,
    'ring',
    'whose the slots are, and what happened when and why',
    'Prints the share of each shard of the 16,384 slots, and what the nodes remember of failovers, joins and departures.',
  );
  addFailover(cluster);
  addLook(
    cluster,
    'doctor',
    'what is wrong or risky, and what to do',
    `Looks for what is wrong (exit code ${ExitCode.ERROR_REPLY}) and for what would break at the next failure, each with a remedy.`,
  );
}

function addInit(cluster: Command): void {
  const command = subcommand(cluster, 'init', 'begin a cluster of nodes that wait for it')
    .description(
      'Begins a cluster, once in its life. Name all its nodes, witnesses too, as HOST:PORT; they must run, and know each other ' +
        'by --join. Which holds what follows from the order, the hosts and the zones. Who comes later joins by --join alone.',
    )
    .argument('<node...>', 'HOST:PORT of each node, or HOST:PORT@BUSPORT')
    .option('--shards <number>', 'Parts to divide the keys into (default: as many as the nodes allow)')
    .option('--replicas <number>', 'Copies of each shard besides its primary (default: 1)');
  finish(command, addAccessFlags, initExamples).action(async (names: string[], flags: TextFlags) => {
    const { runInit } = await import('./run-cluster.js');
    process.exitCode = await runInit(names, flags);
  });
}

function addFailover(cluster: Command): void {
  const command = subcommand(cluster, 'failover', 'hand a shard over to one of its replicas, without a gap')
    .description(
      'Has the primary of a shard hand it over to a replica in sync, waits until that one takes writes, and says how long it took. ' +
        'Nothing acknowledged is lost. Do it before a node is taken away; a node that is stopped with SIGTERM does it by itself.',
    )
    .argument('<shard>', 'number of the shard, as `nuthatch cluster status` has it')
    .option('--to <node>', 'HOST:PORT or id of the replica (default: the primary chooses)');
  finish(command, addNodeFlags, failoverExamples).action(async (shard: string, flags: TextFlags) => {
    const { runFailover } = await import('./run-cluster.js');
    process.exitCode = await runFailover(shard, flags);
  });
}

function addLook(cluster: Command, name: 'status' | 'ring' | 'doctor', summary: string, text: string): void {
  const command = subcommand(cluster, name, summary).description(text);
  finish(command, addNodeFlags, '').action(async (flags: TextFlags) => {
    const { runLook } = await import('./run-cluster.js');
    process.exitCode = await runLook(name, flags);
  });
}

function subcommand(cluster: Command, name: string, summary: string): Command {
  return cluster.command(name).helpOption('-h, --help', 'Print this help').summary(summary);
}

/** The flags that come last, and examples. */
function finish(
  command: Command,
  addFlags: typeof addNodeFlags | typeof addAccessFlags,
  examples: string,
): Command {
  addFlags(command);
  return command.option('--json', 'Print one JSON object').addHelpText('after', examples);
}

const initExamples = `
Examples:
  nuthatch cluster init --shards 3 --replicas 1 10.0.0.{1,2,3,4,5,6}:6379
  nuthatch cluster init 10.0.0.1:6379 10.0.0.2:6379 10.0.0.3:6379   the third is a witness
`;

const failoverExamples = `
Examples:
  nuthatch cluster failover 2
  nuthatch cluster failover 2 --to 10.0.0.5:6379
`;

const clusterExamples = `
Three machines, here the first; NUTHATCH_PASSWORD and NUTHATCH_CLUSTER_SECRET are the same on all:
  nuthatch start --host 10.0.0.1 --join 10.0.0.2,10.0.0.3
  nuthatch cluster init 10.0.0.1:6379 10.0.0.2:6379 10.0.0.3:6379 --shards 1 --replicas 2
  nuthatch cluster status --host 10.0.0.1

Exit codes:
  ${ExitCode.OK}        done; doctor: nothing is wrong
  ${ExitCode.ERROR_REPLY}        refused, or not done in time; doctor: something is wrong
  ${ExitCode.USAGE}       the command line is wrong
  ${ExitCode.UNAVAILABLE}       the asked node cannot be reached
`;
