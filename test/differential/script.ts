/**
 * The language of the scenario files (`scripts/*.txt`): what is sent on which connection, a line a command.
 *
 *     == title [resp2] [ours]      a scenario, with fresh connections and an empty server; for one protocol if it says so;
 *                                  with replies that redis-server does not give if it says so
 *     SET k "a\x00b"               a request on connection 1, with the quotes of redis-cli
 *     2> SUBSCRIBE a b             on connection 2
 *     SET k <1|a> <|NX|XX> ; GET k each combination of the alternatives, and `;` between the commands of one line
 *     ~near-ms PTTL k              replies are compared by the named rule of `compare.ts`
 *     *2 SET k v                   two frames are expected on this connection instead of one
 *     2<   2< *3                   a frame (three frames) that nobody on connection 2 asked for
 *     2<<                          whatever has come for connection 2, up to the reply of a PING; words behind it name the
 *                                  moment for the table of exceptions
 *     2!                           the server closes connection 2
 *     raw "PING\r\n"               bytes as they are
 *     = "+OK\r\n"   =3 "_\r\n"     golden files only: the reply expected to the command above (in RESP3: the other one)
 *
 * Words: `repeat:1000:ab` is a long string; `$id2`, `$addr2` are the id and address of connection 2, `$now+100` and
 * `$nowms-5` times, `$port` the server's port. SUBSCRIBE and its relatives expect a frame for each channel, CLIENT REPLY OFF and
 * SKIP none.
 */

export interface Step {
  readonly kind: 'request' | 'raw' | 'read' | 'drain' | 'closed';
  readonly connection: number;
  /** The words of a request; for `raw` the bytes alone. Byte strings: a char, a byte. */
  readonly args: readonly string[];
  /** Frames expected on the connection. */
  readonly frames: number;
  /** Name of the rule of comparison. */
  readonly rule: string;
  /** Where it is written: `strings.txt:12: SET k v`. */
  readonly source: string;
  /** Golden replies by protocol, when the file has them. */
  readonly golden: { 2?: string; 3?: string };
}

export interface Scenario {
  readonly title: string;
  readonly protocols: readonly (2 | 3)[];
  /** The scenario tells how this node differs from redis-server, or knows what Redis does not. */
  readonly ours: boolean;
  readonly steps: Step[];
}

export function parseScript(text: string, file: string): Scenario[] {
  const scenarios: Scenario[] = [];
  let scenario: Scenario | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const where = `${file}:${index + 1}`;
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    if (trimmed.startsWith('==')) {
      const only = /\[resp([23])\]/.exec(trimmed)?.[1];
      const protocols = only === '2' ? ([2] as const) : only === '3' ? ([3] as const) : ([2, 3] as const);
      const ours = trimmed.includes('[ours]');
      scenario = { title: `${file}: ${trimmed.slice(2).trim()}`, protocols, ours, steps: [] };
      scenarios.push(scenario);
      continue;
    }
    if (!scenario) throw new Error(`${where}: a command stands before the first scenario`);
    const golden = /^=([23]?)\s+(".*")$/.exec(trimmed);
    if (golden) {
      const [reply] = words(golden[2], where);
      const last = scenario.steps.at(-1);
      if (!last) throw new Error(`${where}: a reply stands before the first command`);
      if (golden[1] !== '3') last.golden[2] = reply;
      if (golden[1] !== '2') last.golden[3] = reply;
      continue;
    }
    for (const variant of alternatives(trimmed)) {
      for (const command of splitCommands(variant)) {
        scenario.steps.push(parseStep(command.trim(), where));
      }
    }
  }
  return scenarios;
}

/** Splits a line into words by the quoting rules of redis-cli. */
export function words(line: string, where: string): string[] {
  const found: string[] = [];
  const word = /"((?:[^"\\]|\\.)*)"(?=\s|$)|'((?:[^'\\]|\\.)*)'(?=\s|$)|([^\s"']\S*)/gy;
  let at = 0;
  while (at < line.length) {
    if (line[at] === ' ') {
      at++;
      continue;
    }
    word.lastIndex = at;
    const match = word.exec(line);
    if (!match) throw new Error(`${where}: unbalanced quotes in ${line.slice(at)}`);
    found.push(
      match[3] !== undefined ? plainWord(match[3]) : match[1] !== undefined ? unescaped(match[1]) : match[2],
    );
    at = word.lastIndex;
  }
  return found;
}

function parseStep(text: string, where: string): Step {
  let rest = text;
  let rule = 'exact';
  let frames: number | undefined;
  let connection = 1;
  let kind: Step['kind'] = 'request';
  for (;;) {
    const modifier =
      /^(?:~(?<rule>\S+)|\*(?<frames>\d+)|(?<to>\d+)>|(?<drained>\d+)<<|(?<from>\d+)<|(?<closed>\d+)!)(?:\s+|$)/.exec(
        rest,
      );
    if (!modifier?.groups) break;
    const { rule: name, frames: count, to, from, drained, closed } = modifier.groups;
    if (name) rule = name;
    if (count) frames = Number(count);
    if (to) connection = Number(to);
    if (from) {
      kind = 'read';
      connection = Number(from);
    }
    if (drained) {
      kind = 'drain';
      connection = Number(drained);
    }
    if (closed) {
      kind = 'closed';
      connection = Number(closed);
    }
    rest = rest.slice(modifier[0].length);
  }
  let args = words(rest, where);
  if (kind === 'request' && args[0] === 'raw') {
    kind = 'raw';
    args = args.slice(1);
  }
  if (kind === 'request' && args.length === 0) throw new Error(`${where}: nothing to send`);
  const expected = kind === 'closed' ? 0 : kind === 'request' ? usualFrames(args) : 1;
  return {
    kind,
    connection,
    args,
    frames: frames ?? expected,
    rule,
    source: `${where}: ${text}`,
    golden: {},
  };
}

/** How many frames a request is answered with, unless the line says otherwise. */
function usualFrames(args: readonly string[]): number {
  const name = args[0].toLowerCase();
  if (/^[ps]?(un)?subscribe$/.test(name)) return Math.max(1, args.length - 1);
  if (name === 'client' && args[1]?.toLowerCase() === 'reply') return args[2]?.toLowerCase() === 'on' ? 1 : 0;
  return 1;
}

/** A line for each combination of its `<a|b>` alternatives. */
function alternatives(line: string): string[] {
  const blanked = withoutQuotes(line);
  const open = /<(?=[^<>]*\|[^<>]*>)/.exec(blanked)?.index ?? -1;
  if (open < 0) return [line];
  const close = blanked.indexOf('>', open);
  const tails = alternatives(line.slice(close + 1));
  const lines: string[] = [];
  let from = open + 1;
  for (let at = from; at <= close; at++) {
    if (at < close && blanked[at] !== '|') continue;
    for (const tail of tails) lines.push(line.slice(0, open) + line.slice(from, at) + tail);
    from = at + 1;
  }
  return lines;
}

function splitCommands(line: string): string[] {
  const blanked = withoutQuotes(line);
  const parts: string[] = [];
  let from = 0;
  for (let at = blanked.indexOf(' ; '); at >= 0; at = blanked.indexOf(' ; ', from)) {
    parts.push(line.slice(from, at));
    from = at + 3;
  }
  return [...parts, line.slice(from)];
}

/** The line at its length, with nothing special left inside quotes. */
function withoutQuotes(line: string): string {
  return line.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, (quoted) => '_'.repeat(quoted.length));
}

function plainWord(word: string): string {
  const repeated = /^repeat:(\d+):(.+)$/.exec(word);
  return repeated ? repeated[2].repeat(Number(repeated[1])) : word;
}

function unescaped(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, code: string) => {
    if (code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }[code] ?? code;
  });
}
