/** What this software is called and which Redis its clients may take it for. */
import { readFileSync } from 'node:fs';

/** Clients switch features on by this version; tracking in redis-py, for one, needs 7.4. */
export const COMPATIBLE_VERSION = '7.4.0';

/** The version of the package: its package.json is the only place that says it. */
export const NUTHATCH_VERSION: string = readVersion();

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
