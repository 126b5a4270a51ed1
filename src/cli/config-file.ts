/**
 * The configuration file: TOML, one option a line, no sections.
 *
 *   # /etc/nuthatch.toml
 *   host = "10.0.0.5"
 *   max-memory = "2gb"
 *
 * A value is handed on as the text that it would be as a flag, with the place where it stands.
 */
import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { reasonOf } from './file-problem.js';

export interface ConfigEntry {
  readonly key: string;
  readonly text: string;
  /** The value as it is written there: 70000, "2gb". */
  readonly written: string;
  /** "nuthatch.toml:3" */
  readonly place: string;
}

export interface ConfigFile {
  readonly entries: readonly ConfigEntry[];
  /** What is wrong with the file itself, a line for each. */
  readonly problems: readonly string[];
}

export function readConfigFile(path: string): ConfigFile {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    return {
      entries: [],
      problems: [`${path} cannot be read (${reasonOf(error)}): give the path of a TOML file`],
    };
  }
  return parseConfig(path, source);
}

export function parseConfig(path: string, source: string): ConfigFile {
  let table: Readonly<Record<string, unknown>>;
  try {
    table = parse(source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason] = error.message.split('\n');
    return { entries: [], problems: [`${path}:${error.line}:${error.column}: ${reason.replace(/\.$/, '')}`] };
  }
  const entries: ConfigEntry[] = [];
  const problems: string[] = [];
  for (const [key, value] of Object.entries(table)) {
    const place = `${path}:${lineOf(source, key)}`;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      entries.push({ key, text: String(value), written: writtenAs(value), place });
    } else {
      problems.push(
        `${place}: ${key} is ${whatItIs(value)}: write one option a line, as key = "value", without sections`,
      );
    }
  }
  return { entries, problems };
}

/** The parser does not tell where a key stood; keys stand at the start of a line. */
function lineOf(source: string, key: string): number {
  const lines = source.split('\n');
  const starts = [key, `"${key}"`, `'${key}'`, `[${key}]`, `[[${key}]]`];
  const found = lines.findIndex((line) => {
    const [, name] = /^\s*(\[\[?\s*[^\]]+\]\]?|"[^"]*"|'[^']*'|[^\s=.]+)/.exec(line) ?? [];
    return name !== undefined && starts.includes(name);
  });
  return found < 0 ? 1 : found + 1;
}

/** JSON has no inf and nan. */
function writtenAs(value: string | number | boolean): string {
  if (typeof value !== 'number' || Number.isFinite(value)) return JSON.stringify(value);
  return String(value).toLowerCase().replace('infinity', 'inf');
}

function whatItIs(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return value instanceof Date ? 'a date' : 'a table';
}
