/** docs/client.md names every error of the client, and every option of a load with its default. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clientErrors } from '#layers/client';
import { checkout } from './docs/page.js';

const page = readFileSync(join(checkout, 'docs', 'client.md'), 'utf8');

test('the table of errors is that of the code', () => {
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` +\| (yes|no) +\| (.*?) *\|$/gm)];
  const documented = rows.map(([, code, retryable, meaning]) => [code, retryable === 'yes', meaning]);
  const coded = Object.entries(clientErrors).map(([code, { retryable, meaning }]) => [
    code,
    retryable,
    meaning,
  ]);
  assert.deepEqual(documented, coded);
});
