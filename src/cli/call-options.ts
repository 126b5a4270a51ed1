/** The options of `nuthatch call`, checked: all problems at once. */
import type { CallOptions } from './call.js';
import { DEFAULT_PORT, reachableHost } from './node-address.js';
import { choice, host, integer, type Kind, port, secret } from './option-kinds.js';
import { type Variables, variableOf, variableText } from './variables.js';

/** As the command line gives them. */
export interface CallFlags {
  readonly host?: string;
  readonly port?: string;
  readonly password?: string;
  readonly db?: string;
  readonly resp?: string;
  readonly json?: boolean;
  readonly raw?: boolean;
}

/** Where a node listens that was told nothing. */
const DEFAULT_HOST = '127.0.0.1';
const LAST_DATABASE = 15;

/** `isTerminal`: the output goes to a terminal. */
export function callOptions(
  flags: CallFlags,
  variables: Variables,
  isTerminal: boolean,
): CallOptions | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const read = <T>(kind: Kind<T>, name: keyof CallFlags, fallback: T, variable?: string): T => {
    const flag = flags[name];
    const text = flag ?? (variable === undefined ? undefined : variableText(variables, variable));
    if (text === undefined) return fallback;
    const parsed = kind.parse(String(text));
    if ('value' in parsed) return parsed.value;
    const place = flag === undefined && variable !== undefined ? `${variableOf(variable)}=` : `--${name} `;
    problems.push(
      kind.secret ? `${place.slice(0, -1)} ${parsed.problem}` : `${place}${text} ${parsed.problem}`,
    );
    return fallback;
  };
  const isJson = flags.json === true;
  const options: CallOptions = {
    host: reachableHost(read(host(), 'host', DEFAULT_HOST, 'host')),
    port: read(port(), 'port', DEFAULT_PORT, 'port'),
    password: read(secret(), 'password', '', 'password'),
    db: read(integer({ min: 0, max: LAST_DATABASE }), 'db', 0),
    resp: read(choice(['2', '3']), 'resp', isJson ? '3' : '2') === '3' ? 3 : 2,
    format: isJson ? 'json' : (flags.raw ?? !isTerminal) ? 'raw' : 'shown',
  };
  return problems.length > 0 ? { problems } : options;
}
