/** A real PostgreSQL for a test: a cluster of its own in a temporary folder, which is gone afterwards. */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from './servers.js';

export interface TestPostgres {
  readonly url: string;
  stop(): Promise<void>;
}

/** Where Debian puts each version; elsewhere its programs are on the path. */
const debianFolder = '/usr/lib/postgresql';
/** PostgreSQL does not run as root; this user owns nothing of ours. */
const unprivileged = 'nobody';
const startDeadlineMs = 30_000;

/** Starts one; undefined when none is installed. */
export async function startPostgres(): Promise<TestPostgres | undefined> {
  const programs = programFolder();
  if (programs === undefined) return undefined;
  const uid = process.getuid?.() === 0 ? Number(output('id', ['-u', unprivileged])) : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'nuthatch-postgres-'));
  if (uid !== undefined) chownSync(folder, uid, -1);
  const data = join(folder, 'data');
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const init = ['-D', data, '-U', 'shop', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    output(join(programs, 'initdb'), init, uid);
    // Neither a socket file nor a disk that is waited for: it is thrown away.
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
    const args = settings.flatMap((setting) => ['-c', setting]);
    const server = await start(
      'postgres',
      (port) => [join(programs, 'postgres'), '-D', data, '-p', String(port), ...args],
      uid,
    );
    // It accepts connections a moment before it answers them.
    const until = performance.now() + startDeadlineMs;
    while (
      spawnSync(join(programs, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(server.port)]).status !== 0
    ) {
      if (performance.now() > until) throw new Error(`postgres does not answer: ${server.output}`);
    }
    return {
      url: `postgres://shop@127.0.0.1:${server.port}/postgres`,
      async stop() {
        // A fast shutdown; SIGTERM would wait for every client.
        server.signal('SIGINT');
        await server.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

function programFolder(): string | undefined {
  const versions = existsSync(debianFolder) ? readdirSync(debianFolder) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  const folders = [...(process.env['PATH'] ?? '').split(':')];
  if (newest !== undefined) folders.unshift(join(debianFolder, newest, 'bin'));
  return folders.find((folder) =>
    ['postgres', 'initdb', 'pg_isready'].every((name) => existsSync(join(folder, name))),
  );
}

function output(program: string, args: readonly string[], uid?: number): string {
  const done = spawnSync(program, args, {
    encoding: 'utf8',
    cwd: tmpdir(),
    ...(uid !== undefined && { uid }),
  });
  if (done.status !== 0) throw new Error(`${program} failed: ${done.error?.message ?? done.stderr}`);
  return done.stdout;
}
