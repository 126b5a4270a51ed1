#!/usr/bin/env node
import { CommanderError } from 'commander';
import { ExitCode } from './exit-codes.js';
import { runProgram } from './program.js';

// Who reads our output may stop reading it; that is no reason to end: a node stays, and all else ends by itself.
process.stdout.on('error', () => {});

try {
  await runProgram(process.argv.slice(2));
} catch (error) {
  // Help and version end here too, with code 0; what is wrong has been told by then.
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
}
