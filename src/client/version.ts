/** What the library calls itself to servers (`CLIENT SETINFO`): see it in CLIENT LIST. */
import { readFileSync } from 'node:fs';

export const LIBRARY_NAME = 'nuthatch';

/** The version of the package: its package.json is the only place that says it. */
export const LIBRARY_VERSION: string = readVersion();

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
