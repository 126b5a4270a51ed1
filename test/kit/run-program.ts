/** A program of the machine, run to its end. */
import { spawn } from 'node:child_process';

/** Where the distribution has its Python, whatever else is on the PATH. */
export const python = '/usr/bin/python3';

/** False if Python's redis is installed, else how to get it: for `skip`. */
export const pythonRedisMissing = await runProgram(python, ['-c', 'import redis']).then(
  () => false as const,
  () => 'python3-redis is not installed: apt-get install python3-redis',
);

/** Returns what it printed; rejects when it fails. */
export function runProgram(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe' });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ${args.join(' ').slice(0, 300)} ended with ${code}: ${output}`));
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
