/** Options of a command that asks nodes: from its flags, else from variables, each checked, all problems together. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { CallTarget, CallTls } from './call-connection.js';
import { reasonOf } from './file-problem.js';
import { DEFAULT_PORT, reachableHost } from './node-address.js';
import { file, host, type Kind, port, secret } from './option-kinds.js';
import { type Variables, variableOf, variableText } from './variables.js';

/** As the command line gives them: by the camel-case names of commander. */
export type TextFlags = Readonly<Record<string, string | boolean | undefined>>;

/** A node to ask. */
export interface AskedNode extends CallTarget {
  /** Empty: none. */
  readonly password: string;
}

/** How to be let in: the same for all nodes of a cluster. */
export type Access = Pick<AskedNode, 'password' | 'tls'>;

/** Where a node listens that was told nothing. */
const DEFAULT_HOST = '127.0.0.1';

export class FlagReader {
  readonly problems: string[] = [];
  readonly #flags: TextFlags;
  readonly #variables: Variables;

  constructor(flags: TextFlags, variables: Variables) {
    this.#flags = flags;
    this.#variables = variables;
  }

  /** Its value; `variable` is the option whose variable counts where there is no flag. */
  read<T>(kind: Kind<T>, name: string, fallback: T, variable?: string): T {
    const flag = this.#flags[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
    const text = flag ?? (variable === undefined ? undefined : variableText(this.#variables, variable));
    if (text === undefined) return fallback;
    const parsed = kind.parse(String(text));
    if ('value' in parsed) return parsed.value;
    const place = flag === undefined && variable !== undefined ? `${variableOf(variable)}=` : `--${name} `;
    this.problems.push(
      kind.secret ? `${place.slice(0, -1)} ${parsed.problem}` : `${place}${text} ${parsed.problem}`,
    );
    return fallback;
  }

  askedNode(): AskedNode {
    return {
      host: reachableHost(this.read(host(), 'host', DEFAULT_HOST, 'host')),
      port: this.read(port(), 'port', DEFAULT_PORT, 'port'),
      ...this.access(),
    };
  }

  /** How to be let in. */
  access(): Access {
    return { password: this.read(secret(), 'password', '', 'password'), tls: this.#askedTls() };
  }

  /** To nodes that are ours, on this machine: spoken if they have a certificate, which is not checked. */
  ownTls(): CallTls | undefined {
    const { cert, key } = this.#tlsFiles();
    return cert === undefined ? undefined : { isChecked: false, cert, key };
  }

  /** Spoken if it is asked for, or a file for it is named. */
  #askedTls(): CallTls | undefined {
    const { ca, cert, key } = this.#tlsFiles();
    if (this.#flags['tls'] !== true && ca === undefined && cert === undefined) return undefined;
    return { isChecked: true, ca, cert, key };
  }

  #tlsFiles(): Pick<CallTls, 'ca' | 'cert' | 'key'> {
    const [ca, cert, key] = (['tls-ca', 'tls-cert', 'tls-key'] as const).map((name) => this.#fileText(name));
    if ((cert === undefined) !== (key === undefined))
      this.problems.push('--tls-cert and --tls-key go together: give both, or neither');
    else
      try {
        createSecureContext({ ca, cert, key });
      } catch (error) {
        this.problems.push(`the files for TLS cannot be used: ${(error as Error).message}`);
      }
    return { ca, cert, key };
  }

  #fileText(name: string): string | undefined {
    const path = this.read(file(), name, '', name);
    if (path === '') return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      this.problems.push(`--${name} ${path} cannot be read (${reasonOf(error)})`);
      return undefined;
    }
  }
}
