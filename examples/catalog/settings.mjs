/** What the shop is told by its environment, checked as a whole. */

export const variables = Object.freeze({
  CACHE_URL:
    'the cache, a node of Nuthatch or a Redis server, several separated by commas: redis://127.0.0.1:6379 unless said otherwise',
  DATABASE_URL:
    'a PostgreSQL database, postgres://user:password@host:5432/name; without it PGlite is started',
  PORT: 'where the shop listens on 127.0.0.1; a free port unless said otherwise',
  LOAD: 'requests a second that it sends to itself; 100 unless said otherwise, 0 for none',
});

/** A page that is looked at, not a benchmark: the shop, its load and its database share this machine. */
const MAX_LOAD = 5_000;
const DEFAULT_LOAD = 100;
const DEFAULT_CACHE = 'redis://127.0.0.1:6379';

/** @typedef {{ cacheUrls: string[], databaseUrl: string | undefined, port: number, load: number }} Settings */

/** The environment is wrong: every mistake, and what to write instead. */
export class SettingsError extends Error {}

/** @param {Readonly<Record<string, string | undefined>>} environment @returns {Settings} */
export function readSettings(environment) {
  /** @type {string[]} */
  const problems = [];
  /** An empty variable is none. @param {keyof typeof variables} name */
  const given = (name) => environment[name]?.trim() || undefined;
  /** @param {keyof typeof variables} name @param {readonly string[]} schemes @param {string | undefined} text */
  const url = (name, schemes, text = given(name)) => {
    if (text !== undefined && !(URL.canParse(text) && schemes.includes(new URL(text).protocol))) {
      problems.push(
        `${name} is no URL that begins with ${schemes.map((one) => `${one}//`).join(' or ')}: give ${variables[name]}.`,
      );
    }
    return text ?? '';
  };
  /** @param {keyof typeof variables} name @param {number} fallback @param {number} max */
  const count = (name, fallback, max) => {
    const text = given(name);
    if (text === undefined) return fallback;
    if (/^\d{1,9}$/.test(text) && Number(text) <= max) return Number(text);
    problems.push(`${name} is "${text}": give a whole number from 0 to ${max}, ${variables[name]}.`);
    return fallback;
  };
  const settings = {
    cacheUrls: (given('CACHE_URL') ?? DEFAULT_CACHE)
      .split(',')
      .map((one) => url('CACHE_URL', ['redis:', 'rediss:'], one.trim())),
    databaseUrl: url('DATABASE_URL', ['postgres:', 'postgresql:']) || undefined,
    port: count('PORT', 0, 65_535),
    load: count('LOAD', DEFAULT_LOAD, MAX_LOAD),
  };
  if (problems.length > 0) throw new SettingsError(problems.join('\n'));
  return settings;
}

/** A URL as it may be shown: without its password. @param {string} url */
export function withoutPassword(url) {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  return shown.href;
}
