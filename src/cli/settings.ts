/**
 * The settings of a start: every option's value, from the first place that sets it.
 *
 *   flag  >  NUTHATCH_* variable  >  configuration file  >  default
 *
 * Every value that is given is checked, also one that another place overrides (but a file that another place
 * overrides is not opened), and all problems are reported together, each with where it stands, what is wrong
 * and what to write.
 */
import { readFileSync } from 'node:fs';
import { isLoopback, type TlsOptions } from '../node/index.js';
import { checkCluster } from './cluster-settings.js';
import type { ConfigFile } from './config-file.js';
import { reasonOf } from './file-problem.js';
import { nearestName } from './nearest-name.js';
import { flagOf, type OptionName, optionNames, optionSpec, type Settings } from './options-table.js';
import { readTlsFiles } from './tls-files.js';
import { isOfKubernetes, type Variables, variableOf, variableText } from './variables.js';

/** What was given on the command line, by option: its text, or true and false for switches. */
export type Flags = Readonly<Partial<Record<OptionName, string | boolean>>>;

export interface LoadedSettings {
  readonly settings: Settings;
  /** What its files say; undefined: no TLS. */
  readonly tls: TlsOptions | undefined;
  /** What should be looked at but hinders nothing. */
  readonly warnings: readonly string[];
}

/** The settings are wrong; `problems` has a line for each, and `warnings` may name what brought them about. */
export class SettingsError extends Error {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];

  constructor(problems: readonly string[], warnings: readonly string[]) {
    const what = problems.length === 1 ? 'a setting is wrong' : `${problems.length} settings are wrong`;
    const besides = warnings.length === 0 ? [] : ['Perhaps because of this:', ...indented(warnings)];
    super([`Cannot start, ${what}:`, ...indented(problems), ...besides].join('\n'));
    this.name = 'SettingsError';
    this.problems = problems;
    this.warnings = warnings;
  }
}

/**
 * Rejects with a SettingsError that names all problems. `others` are the words of the command line that belong
 * to no option.
 */
export async function loadSettings(
  flags: Flags,
  variables: Variables,
  others: readonly string[] = [],
): Promise<LoadedSettings> {
  const problems = unknownWords(others);
  const given = [...fromFlags(flags), ...fromVariables(variables)];
  const config = given.find((one) => one.name === 'config')?.text.trim() ?? '';
  // An empty name is a problem of its own, told below.
  if (config !== '') {
    // Most starts have no file and need not wait for a parser.
    const { readConfigFile } = await import('./config-file.js');
    given.push(...fromFile(readConfigFile(config), problems));
  }

  const values = new Map<OptionName, unknown>();
  const places = new Map<OptionName, Given>();
  for (const one of given) {
    const { kind } = optionSpec(one.name);
    const parsed = kind.parse(one.text);
    if ('problem' in parsed) problems.push(`${one.place}${kind.secret ? '' : one.shown} ${parsed.problem}`);
    else if (!places.has(one.name)) values.set(one.name, parsed.value);
    if (!places.has(one.name)) places.set(one.name, one);
  }
  takeSecretFile('password', values, places, problems);
  takeSecretFile('cluster-secret', values, places, problems);
  const entries = optionNames.map((name) => [
    name,
    values.has(name) ? values.get(name) : optionSpec(name).default,
  ]);
  const settings = Object.fromEntries(entries) as Settings;
  requirePassword(settings, places, problems);
  const placeOf = (name: OptionName) => {
    const place = places.get(name);
    return place && `${place.place}${optionSpec(name).kind.secret ? '' : place.shown}`;
  };
  const cluster = checkCluster(settings, placeOf);
  const files = readTlsFiles(settings, (name) => placeOf(name) ?? flagOf(name));
  problems.push(...cluster.problems, ...files.problems);
  const warnings = [...unknownVariables(variables), ...cluster.warnings];
  if (problems.length > 0) throw new SettingsError(problems, warnings);
  return { settings, tls: files.tls, warnings };
}

interface Given {
  readonly name: OptionName;
  readonly text: string;
  /** Where: "--port", "NUTHATCH_PORT", "nuthatch.toml:3: port". */
  readonly place: string;
  /** The value as it is shown behind the place: " 70000", "=70000", ' = "70000"'. */
  readonly shown: string;
  /** From strong to weak: 0 flag, 1 variable, 2 file. */
  readonly rank: number;
}

function fromFlags(flags: Flags): Given[] {
  return optionNames.flatMap((name) => {
    const value = flags[name];
    if (value === undefined) return [];
    return [{ name, text: String(value), place: flagOf(name), shown: ` ${quoted(String(value))}`, rank: 0 }];
  });
}

function fromVariables(variables: Variables): Given[] {
  return optionNames.flatMap((name) => {
    const place = variableOf(name);
    const text = variableText(variables, name);
    if (text === undefined) return [];
    return [{ name, text, place, shown: `=${quoted(text)}`, rank: 1 }];
  });
}

function fromFile(file: ConfigFile, problems: string[]): Given[] {
  problems.push(...file.problems);
  const names = optionNames.filter((name) => optionSpec(name).inFile !== false);
  return file.entries.flatMap(({ key, text, written, place }) => {
    const name = names.find((one) => one === key);
    if (name === undefined) {
      problems.push(`${place}: ${key} is not an option${meant(key, names)}`);
      return [];
    }
    return [{ name, text, place: `${place}: ${key}`, shown: ` = ${written}`, rank: 2 }];
  });
}

/** A secret's file takes the place of the secret, unless a stronger place gives the secret itself. */
function takeSecretFile(
  name: 'password' | 'cluster-secret',
  values: Map<OptionName, unknown>,
  places: ReadonlyMap<OptionName, Given>,
  problems: string[],
): void {
  const fileName = `${name}-file` as const;
  const file = places.get(fileName);
  const direct = places.get(name);
  // A name that is wrong is a problem already told.
  if (file === undefined || !values.has(fileName)) return;
  if (direct !== undefined && direct.rank < file.rank) return;
  if (direct?.rank === file.rank) {
    problems.push(`${direct.place} and ${file.place} are both given: leave one of them out`);
    return;
  }
  const what = name.replace('cluster-', '');
  try {
    const text = readFileSync(file.text, 'utf8').replace(/\r?\n$/, '');
    const parsed = optionSpec(name).kind.parse(text);
    if (text === '') problems.push(`${file.place}${file.shown} is empty: write the ${what} into it`);
    else if ('problem' in parsed) problems.push(`${file.place}${file.shown} ${parsed.problem}`);
    values.set(name, text);
  } catch (error) {
    problems.push(
      `${file.place}${file.shown} cannot be read (${reasonOf(error)}): give the path of a file with the ${what}`,
    );
  }
}

function requirePassword(
  settings: Settings,
  places: ReadonlyMap<OptionName, Given>,
  problems: string[],
): void {
  // A password that was given but is wrong is a problem already told.
  if (isLoopback(settings.host) || places.has('password') || places.has('password-file')) return;
  const host = places.get('host');
  problems.push(
    `${host?.place}${host?.shown} can be reached from other machines, where whoever connects could read and ` +
      'delete everything: set a password (NUTHATCH_PASSWORD or --password-file), or listen on 127.0.0.1',
  );
}

/** Only the names: what stands behind a misspelled flag may be a secret. */
function unknownWords(words: readonly string[]): string[] {
  const known = optionNames.map(flagOf);
  const flags = words.filter((word) => /^-./.test(word)).map((word) => word.replace(/=.*$/s, ''));
  const problems = flags.map((flag) => `${flag} is not an option${meant(flag, known)}`);
  // Behind an unknown flag stands perhaps its value.
  if (words.length === 0 || flags.length > 0) return problems;
  const what = words.length === 1 ? 'a word belongs' : `${words.length} words belong`;
  return [`${what} to no option: put a value that holds blanks in quotes`];
}

/** Misspelled variables: nobody else would ever tell. */
function unknownVariables(variables: Variables): string[] {
  const known = optionNames.map(variableOf);
  return Object.keys(variables)
    .filter((name) => name.startsWith('NUTHATCH_') && !known.includes(name))
    .filter((name) => !isOfKubernetes(name, variables[name] ?? ''))
    .map((name) => `${name} is set, but is not a variable of Nuthatch${meant(name, known)}`);
}

function meant(given: string, names: readonly string[]): string {
  const nearest = nearestName(given, names);
  return nearest === undefined ? '; `nuthatch start --help` lists them' : `; did you mean ${nearest}?`;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** As it would be typed: in quotes when it holds blanks or nothing. */
function quoted(text: string): string {
  return /^[^\s"']+$/.test(text) ? text : JSON.stringify(text);
}
