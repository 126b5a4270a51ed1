import { assert } from '../base/index.js';
import type { CommandSpec } from './command-spec.js';

/** One argument of a command, as COMMAND DOCS describes them. */
export interface CommandArgument {
  readonly name: string;
  readonly type: ArgumentType;
  /** The literal word before the argument; of a `pure-token` all there is. */
  readonly token?: string;
  /** Of a key: its range in `spec.keys`. */
  readonly keySpecIndex?: number;
  readonly isOptional?: boolean;
  /** It may be repeated, and if `isMultipleToken`, then with its token each time. */
  readonly isMultiple?: boolean;
  readonly isMultipleToken?: boolean;
  /** Of `oneof` the choices, of a `block` the parts. */
  readonly arguments?: readonly CommandArgument[];
}

export type ArgumentType =
  | 'string'
  | 'integer'
  | 'double'
  | 'key'
  | 'pattern'
  | 'unix-time'
  | 'pure-token'
  | 'oneof'
  | 'block';

/**
 * Parses the syntax of a command.
 *
 *     choice   := sequence ('|' sequence)*
 *     sequence := item*
 *     item     := WORD item-without-word*        a token, and what belongs to it up to the next
 *               | word                           an argument
 *               | '[' choice '...'? ']'          may be left out; with `...`: may be repeated
 *               | '<' choice '...'? '>'          must be chosen; likewise
 *
 * `key [key ...]` and `key value [key value ...]` mean that what stands before the bracket may be repeated.
 */
export function parseSyntax(spec: CommandSpec): CommandArgument[] {
  const parser = new SyntaxParser(spec);
  return parser.parse();
}

class SyntaxParser {
  readonly #spec: CommandSpec;
  readonly #words: readonly string[];
  #at = 0;
  #keys = 0;

  constructor(spec: CommandSpec) {
    this.#spec = spec;
    this.#words = spec.syntax.match(/\.\.\.|[[\]<>|]|[^\s[\]<>|]+/g) ?? [];
  }

  parse(): CommandArgument[] {
    const sequence = this.#sequence();
    assert(this.#at === this.#words.length, `the syntax of ${this.#spec.name} has a bracket too many`);
    return sequence;
  }

  #sequence(): CommandArgument[] {
    const items: CommandArgument[] = [];
    for (;;) {
      const word = this.#words[this.#at];
      if (word === undefined || word === ']' || word === '>' || word === '|' || word === '...') return items;
      if (isToken(word)) {
        this.#at++;
        items.push(withToken(word, this.#tokenArguments()));
      } else {
        this.#item(items);
      }
    }
  }

  /** What follows a token: words and `<...>`, and their repetition. */
  #tokenArguments(): CommandArgument[] {
    const items: CommandArgument[] = [];
    for (;;) {
      const word = this.#words[this.#at];
      if (word === undefined || /^([\]>|]|\.\.\.)$/.test(word) || isToken(word)) return items;
      if (word === '[' && !this.#repeats(items.map((item) => item.name))) return items;
      this.#item(items);
    }
  }

  /** Whether the bracket that opens here is `[name ... ]` with just these names. */
  #repeats(names: readonly string[]): boolean {
    const end = this.#at + 1 + names.length;
    const inside = this.#words.slice(this.#at + 1, end);
    return names.length > 0 && inside.join(' ') === names.join(' ') && this.#words[end] === '...';
  }

  #item(items: CommandArgument[]): void {
    const word = this.#words[this.#at++];
    assert(word !== undefined, `the syntax of ${this.#spec.name} ends too early`);
    if (word === '[' || word === '<') {
      this.#bracket(items, word === '[');
    } else {
      items.push(this.#argument(word));
    }
  }

  #bracket(items: CommandArgument[], isOptional: boolean): void {
    const keysBefore = this.#keys;
    const choices = [this.#sequence()];
    while (this.#words[this.#at] === '|') {
      this.#at++;
      choices.push(this.#sequence());
    }
    const isMultiple = this.#words[this.#at] === '...';
    if (isMultiple) this.#at++;
    assert(
      this.#words[this.#at] === (isOptional ? ']' : '>'),
      `the syntax of ${this.#spec.name} lacks a bracket`,
    );
    this.#at++;
    const inside = choices.length === 1 ? joined(choices[0] ?? [], 'block') : oneOf(choices);
    const before =
      inside.type === 'block' && inside.token === undefined ? (inside.arguments ?? []) : [inside];
    const repeated = items.slice(-before.length);
    if (isOptional && isMultiple && spelled(repeated) === spelled(before)) {
      this.#keys = keysBefore;
      items.length -= before.length;
      const isMultipleToken = repeated[0]?.token !== undefined && repeated.length === 1;
      items.push({ ...joined(repeated, 'block'), isMultiple, ...(isMultipleToken && { isMultipleToken }) });
      return;
    }
    items.push({ ...inside, ...(isOptional && { isOptional }), ...(isMultiple && { isMultiple }) });
  }

  #argument(name: string): CommandArgument {
    const ranges = this.#spec.keys ?? [];
    if (ranges.length > 0 && KEY_NAMES.has(name)) {
      const keySpecIndex = Math.min(this.#keys++, ranges.length - 1);
      return { name, type: 'key', keySpecIndex };
    }
    return { name, type: UNUSUAL_TYPES.get(`${this.#spec.name} ${name}`) ?? TYPES.get(name) ?? 'string' };
  }
}

const KEY_NAMES = new Set(['key', 'key1', 'key2', 'newkey', 'source', 'destination', 'destkey']);

const INTEGERS = [
  ...[
    'seconds',
    'milliseconds',
    'increment',
    'decrement',
    'offset',
    'start',
    'end',
    'bit',
    'count',
    'cursor',
  ],
  ...['db', 'destination-db', 'index', 'index1', 'index2', 'numreplicas', 'timeout', 'protover', 'client-id'],
  ...['slot', 'min-match-len'],
];

/** What is no string, by name. */
const TYPES = new Map<string, ArgumentType>([
  ...INTEGERS.map((name) => [name, 'integer'] as const),
  ['unix-time-seconds', 'unix-time'],
  ['unix-time-milliseconds', 'unix-time'],
  ['pattern', 'pattern'],
]);

const UNUSUAL_TYPES = new Map<string, ArgumentType>([
  ['incrbyfloat increment', 'double'],
  ['setbit value', 'integer'],
  ['bitfield value', 'integer'],
]);

function isToken(word: string): boolean {
  return /^[A-Z]/.test(word);
}

function withToken(token: string, items: readonly CommandArgument[]): CommandArgument {
  if (items.length === 0) return { name: token.toLowerCase(), type: 'pure-token', token };
  return { ...joined(items, 'block'), token };
}

function oneOf(choices: readonly (readonly CommandArgument[])[]): CommandArgument {
  const items = choices.map((choice) => joined(choice, 'block'));
  return { name: items.map((item) => item.name).join('_'), type: 'oneof', arguments: items };
}

/** One argument of several; a single one stays what it is. */
function joined(items: readonly CommandArgument[], type: 'block'): CommandArgument {
  const [only] = items;
  if (items.length === 1 && only !== undefined) return only;
  return { name: items.map((item) => item.name).join('_'), type, arguments: items };
}

/** A text that is equal for arguments written alike. */
function spelled(items: readonly CommandArgument[]): string {
  return items.map((item) => `${item.token ?? ''} ${item.name}`).join();
}
