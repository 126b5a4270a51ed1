/** Options of a command that asks nodes: from its flags, else from variables, each checked, all problems together. */

import { DEFAULT_PORT, reachableHost } from './node-address.js';
import { host, type Kind, port, secret } from './option-kinds.js';
import { type Variables, variableOf, variableText } from './variables.js';

/** As the command line gives them: by the camel-case names of commander. */
export type TextFlags = Readonly<Record<string, string | boolean | undefined>>;

/** A node to ask. */
export interface AskedNode {
  readonly host: string;
  readonly port: number;
  /** Empty: none. */
  readonly password: string;
}

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
      password: this.read(secret(), 'password', '', 'password'),
    };
  }
}
