/**
 * Runs the code blocks of one Markdown page. The blocks of a page run in order and share a folder and a node,
 * so a page reads as one session:
 *
 *   sh, python      run whole; must succeed          console   typed lines and what comes back, compared
 *   sh serve        becomes the node of the page     js, ts    run as a module; `// => x` lines are its output
 *   json, toml      must parse                       text      is not run, nor is anything marked no-run
 *
 * The node of a page has a port of its own. 6379 in a block stands for it, and so does $PORT; `nuthatch`,
 * `redis-cli` and `redis-benchmark` find it by themselves.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseToml } from 'smol-toml';
import { RawConnection } from '../kit/connection.js';
import { decode } from '../kit/frames.js';
import { freePort, installed, startNuthatch, type TestServer } from '../kit/servers.js';
import { type Block, blocksOf, matches, stepsOf } from './blocks.js';
import { showReply, splitArguments } from './transcript.js';

export interface PageResult {
  /** Blocks that ran and said what the page says. */
  readonly passed: number;
  /** `page:line: what is wrong`. */
  readonly problems: readonly string[];
  /** `page:line: what is missing and how to get it`. */
  readonly skips: readonly string[];
}

/** The checkout; this file runs from dist/test/docs. */
export const checkout = fileURLToPath(new URL('../../../', import.meta.url));

const blockLimitMs = 60_000;
const defaultPort = 6379;

/** Programs a block may use that a user may not have, and where they come from. */
const optionalPrograms: Record<string, string> = {
  'redis-cli': 'apt-get install redis-tools',
  'redis-benchmark': 'apt-get install redis-tools',
  python3: 'apt-get install python3-redis',
  // Gives a command a terminal (that of util-linux).
  script: 'apt-get install bsdutils',
};

/** Runs all blocks of a page. */
export async function runPage(page: string, markdown: string): Promise<PageResult> {
  const session = new PageSession();
  const result = { passed: 0, problems: [] as string[], skips: [] as string[] };
  try {
    for (const block of blocksOf(page, markdown)) {
      if (block.words.includes('no-run')) continue;
      const where = `${block.page}:${block.line}:`;
      const missing = missingProgram(block);
      if (missing) {
        result.skips.push(`${where} needs ${missing}: ${optionalPrograms[missing]}`);
        continue;
      }
      try {
        await session.run(block);
        result.passed++;
      } catch (error) {
        result.problems.push(`${where} ${(error as Error).message}`);
      }
    }
  } finally {
    await session.end();
  }
  return result;
}

function missingProgram(block: Block): string | undefined {
  if (block.language === 'python') return installed('python3') ? undefined : 'python3';
  if (block.language !== 'sh' && block.language !== 'console') return undefined;
  if (block.language === 'console' && /^\$ /m.test(block.text) && !installed('script')) return 'script';
  const used = Object.keys(optionalPrograms).filter((name) =>
    new RegExp(`(^|[\\s|(])${name}\\b`, 'm').test(block.text),
  );
  return used.find((name) => !installed(name));
}

class PageSession {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nuthatch-docs-'));
  readonly #modules = join(checkout, 'dist', '.docs', String(process.pid));
  #port = 0;
  #node: TestServer | undefined;
  #served: ChildProcess | undefined;
  #connection: RawConnection | undefined;
  /** The token of a lease that was shown last. */
  #token = '';

  async run(block: Block): Promise<void> {
    const text = block.text;
    switch (block.language) {
      case 'sh':
        if (block.words.includes('serve')) await this.#serve(text);
        else await this.#mustSucceed('bash', ['-euo', 'pipefail', '-c', text]);
        return;
      case 'python':
        await this.#mustSucceed('python3', ['-c', text]);
        return;
      case 'console':
        return this.#transcript(block);
      case 'js':
      case 'ts':
        return this.#module(block);
      case 'json':
        JSON.parse(text);
        return;
      case 'toml':
        parseToml(text);
        return;
      case 'text':
        return;
      case '':
        throw new Error(
          'the block names no language: write it behind the fence, `text` for what is no code.',
        );
      default:
        throw new Error(
          `nothing runs '${block.language}' blocks: see docs/testing.md for those that run, or add no-run.`,
        );
    }
  }

  async end(): Promise<void> {
    this.#connection?.close();
    killGroup(this.#served);
    await this.#node?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
    rmSync(this.#modules, { recursive: true, force: true });
  }

  /** Starts the page's node unless it has one. */
  async #ensureNode(): Promise<void> {
    if (this.#port !== 0) return;
    this.#node = await startNuthatch();
    this.#port = this.#node.port;
    this.#linkPrograms();
  }

  async #serve(text: string): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
    killGroup(this.#served);
    await this.#node?.stop();
    this.#node = undefined;
    this.#port = await freePort();
    this.#linkPrograms();
    const child = this.#spawn('bash', ['-euo', 'pipefail', '-c', text]);
    this.#served = child.process;
    const until = performance.now() + blockLimitMs;
    for (;;) {
      const connection = await RawConnection.open(this.#port).catch(() => undefined);
      connection?.close();
      if (connection) return;
      if (child.process.exitCode !== null || performance.now() > until)
        throw new Error(`serves nothing:\n${child.output()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #mustSucceed(program: string, args: string[]): Promise<string> {
    await this.#ensureNode();
    const { code, output, stdout } = await this.#complete(program, args);
    if (code !== 0) throw new Error(`ended with ${code}:\n${output}`);
    return stdout;
  }

  async #transcript(block: Block): Promise<void> {
    await this.#ensureNode();
    for (const { prompt, input, expected } of stepsOf(block)) {
      const actual =
        prompt === '$'
          ? (await this.#complete('script', ['-qec', input, '/dev/null'])).output
          : await this.#typed(splitArguments(input));
      if (!matches(expected, actual)) {
        throw new Error(
          `\`${input}\` answered\n${actual.trimEnd()}\nand the page says\n${expected.trimEnd()}`,
        );
      }
    }
  }

  async #typed(args: string[]): Promise<string> {
    this.#connection ??= await RawConnection.open(this.#port);
    this.#connection.request(...args.map((arg) => this.#withPort(arg === 'TOKEN' ? this.#token : arg)));
    const frame = await this.#connection.frame();
    if (!frame) throw new Error(`the node closed the connection at \`${args.join(' ')}\``);
    return this.#withDefaultPort(this.#withoutToken(showReply(decode(frame))));
  }

  async #module({ language, text, line }: Block): Promise<void> {
    await this.#ensureNode();
    // Inside the package, so that `nuthatch/...` is found by its name.
    mkdirSync(this.#modules, { recursive: true });
    const file = join(this.#modules, `line-${line}.${language === 'ts' ? 'mts' : 'mjs'}`);
    writeFileSync(file, this.#withPort(text));
    if (language === 'ts') this.#compile(file);
    const stdout = await this.#mustSucceed(process.execPath, [
      '--enable-source-maps',
      file.replace(/mts$/, 'mjs'),
    ]);
    const expected = [...text.matchAll(/\/\/ => (.*)$/gm)].map((match) => match[1]).join('\n');
    if (expected !== '' && !matches(expected, stdout)) {
      throw new Error(`printed\n${stdout.trimEnd()}\nand the page says\n${expected}`);
    }
  }

  #compile(file: string): void {
    const compiler = join(checkout, 'node_modules', 'typescript', 'bin', 'tsc');
    const options =
      '--strict --target es2023 --module nodenext --types node --skipLibCheck --ignoreConfig'.split(' ');
    const done = spawnSync(process.execPath, [compiler, ...options, file], {
      encoding: 'utf8',
      cwd: checkout,
    });
    if (done.status !== 0) throw new Error(`does not compile:\n${done.stdout}${done.stderr}`);
  }

  /** Runs a program to its end, then ends what it left in the background. */
  async #complete(
    program: string,
    args: string[],
  ): Promise<{ code: number | string; output: string; stdout: string }> {
    const child = this.#spawn(program, args);
    const timer = setTimeout(() => killGroup(child.process), blockLimitMs);
    const code = await new Promise<number | string>((resolve, reject) => {
      child.process.once('error', reject);
      child.process.once('exit', (exitCode, signal) => {
        killGroup(child.process);
        child.process.once('close', () => resolve(exitCode ?? signal ?? 'no exit code'));
      });
    });
    clearTimeout(timer);
    return {
      code,
      output: this.#withDefaultPort(child.output()),
      stdout: this.#withDefaultPort(child.stdout()),
    };
  }

  #spawn(
    program: string,
    args: string[],
  ): { process: ChildProcess; output: () => string; stdout: () => string } {
    const env = {
      ...process.env,
      PATH: `${join(this.#folder, '.bin')}${delimiter}${process.env.PATH}`,
      PORT: String(this.#port),
      NUTHATCH_PORT: String(this.#port),
      NO_COLOR: '1',
      SHELL: '/bin/bash',
    };
    // `script` tells its command the end of our input, which a terminal would echo: it gets none.
    const child = spawn(
      program,
      args.map((arg) => this.#withPort(arg)),
      {
        cwd: this.#folder,
        env,
        detached: true,
        stdio: [program === 'script' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      },
    );
    let output = '';
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      stdout += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    return { process: child, output: () => output, stdout: () => stdout };
  }

  /** `nuthatch` from this checkout, and redis's tools with the page's port as their default. */
  #linkPrograms(): void {
    const bin = join(this.#folder, '.bin');
    mkdirSync(bin, { recursive: true });
    const write = (name: string, command: string) => {
      writeFileSync(join(bin, name), `#!/bin/sh\nexec ${command} "$@"\n`);
      chmodSync(join(bin, name), 0o755);
    };
    write('nuthatch', `'${process.execPath}' '${join(checkout, 'dist', 'cli', 'main.js')}'`);
    for (const name of ['redis-cli', 'redis-benchmark']) {
      const path = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
      if (path) write(name, `'${path}' -p ${this.#port}`);
    }
  }

  /** Tokens of leases differ each time: a page writes TOKEN for the last one. */
  #withoutToken(text: string): string {
    return text.replace(/"([0-9a-f]{12}\.\d+\.\d+\.[0-9a-z]+)"/g, (_, token: string) => {
      this.#token = token;
      return '"TOKEN"';
    });
  }

  #withPort(text: string): string {
    return text.replace(new RegExp(`\\b${defaultPort}\\b`, 'g'), String(this.#port));
  }

  #withDefaultPort(text: string): string {
    return text.replace(new RegExp(`\\b${this.#port}\\b`, 'g'), String(defaultPort));
  }
}

/** Ends a process and what it started; it leads a group of its own. */
function killGroup(child: ChildProcess | undefined): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGTERM');
  } catch {
    // The whole group has ended already.
  }
}
