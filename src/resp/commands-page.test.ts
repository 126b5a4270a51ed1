import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { commandsPage } from './commands-page.js';
import { type CommandSpec, commandTable } from './index.js';

const page = new URL('../../docs/commands.md', import.meta.url);

test('docs/commands.md is what the command table says', () => {
  assert.equal(readFileSync(page, 'utf8'), commandsPage(), 'run: node scripts/commands-page.mjs');
});

test('the page has a line for each command', () => {
  const text = commandsPage();
  for (const spec of commandTable as readonly CommandSpec[]) {
    const names = spec.subcommands?.map(({ name }) => name.replace('|', ' ')) ?? [spec.name];
    for (const name of names) assert.match(text, new RegExp(`^- \`${name.toUpperCase()}[ \`]`, 'm'));
  }
});
