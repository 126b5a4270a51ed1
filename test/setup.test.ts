/** What makes a checkout ready says at once when Node.js is too old for it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const script = new URL('../../scripts/setup.mjs', import.meta.url);
const { checkVersion } = (await import(script.href)) as { checkVersion: (version: string) => void };

test('a checkout needs Node.js 20.19 or newer', () => {
  for (const version of ['20.19.0', '20.20.2', '22.0.0', '100.1.0']) checkVersion(version);
  for (const version of ['18.20.8', '19.99.0', '20.0.0', '20.18.3']) {
    assert.throws(() => checkVersion(version), {
      message: `Node.js ${version} is too old for a checkout: install Node.js 20.19 or newer.`,
    });
  }
});

test('the README names the same version', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  assert.match(readme, /A checkout needs Node\.js 20\.19 or newer; the package runs on 20\./);
});
