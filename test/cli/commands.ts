/** The command as users run it: a process with arguments, variables, input, output and an exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

export interface Ended {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly variables?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** Arguments of Node.js itself. */
  readonly nodeArgs?: readonly string[];
}

/** Runs `nuthatch` with these arguments to its end. */
export async function nuthatch(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const command = new Command(args, options);
  command.child.stdin?.end(options.input ?? '');
  return command.ended;
}

/** A running `nuthatch`. Whoever starts one ends it. */
export class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  #waiters: (() => void)[] = [];
  #isOver = false;

  constructor(args: readonly string[], { variables = {}, nodeArgs = [] }: RunOptions = {}) {
    // Variables of whoever runs the tests must not reach the command.
    const own = Object.entries(process.env).filter(
      ([name]) => !name.startsWith('NUTHATCH_') && name !== 'FORCE_COLOR',
    );
    this.child = spawn(process.execPath, [...nodeArgs, program, ...args], {
      stdio: 'pipe',
      env: { ...Object.fromEntries(own), ...variables },
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#wake();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#wake();
    });
    this.child.stdin?.on('error', () => {});
    this.ended = once(this.child, 'close').then(([code, signal]: (number | string | null)[]) => {
      this.#isOver = true;
      this.#wake();
      return {
        code: typeof code === 'number' ? code : undefined,
        signal: typeof signal === 'string' ? signal : undefined,
        stdout: this.stdout,
        stderr: this.stderr,
      };
    });
  }

  /** The first match in standard output, as soon as there is one. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      if (this.#isOver) throw new Error(`ended before it printed ${pattern}: ${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

/** A node on a free port, ended when `use` is over, however that ends. */
export async function withNode<T>(
  args: readonly string[],
  use: (node: Command, port: number) => Promise<T>,
  options: RunOptions = {},
): Promise<T> {
  const node = new Command(['start', '--port', '0', '--max-memory', '16mb', ...args], options);
  try {
    const [, port] = await node.printed(/ready on \S+:(\d+)/);
    return await use(node, Number(port));
  } finally {
    node.signal('SIGKILL');
    await node.ended;
  }
}
