import { createHash } from 'node:crypto';

/** A script of the server: called by its text the first time, then by its hash. */
export interface LuaScript {
  readonly source: string;
  /** SHA-1 of the text in hexadecimal, as EVALSHA wants it. */
  readonly hash: string;
}

/** One script of several pieces, each of which sees the locals of those before it. */
export function luaScript(...pieces: readonly string[]): LuaScript {
  const source = pieces.map(withoutComments).join('\n');
  return Object.freeze({ source, hash: createHash('sha1').update(source).digest('hex') });
}

/** Comments that have a line of their own are for readers of this code, not for the server. */
function withoutComments(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('--'))
    .join('\n');
}
