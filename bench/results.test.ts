import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markdownTable, replaceTable } from './results.js';

test('a table is put in place of the one before, and nothing else changes', () => {
  const before = '# P\n\n<!-- bench:a -->\nold\n<!-- /bench:a -->\n\ntext\n';
  assert.equal(
    replaceTable(before, 'a', 'A', 'new'),
    '# P\n\n<!-- bench:a -->\n\nnew\n\n<!-- /bench:a -->\n\ntext\n',
  );
});

test('a table without a place gets a section at the end, and its place from then on', () => {
  const once = replaceTable('# P\n', 'b', 'Title', 'one');
  assert.equal(once, '# P\n\n## Title\n\n<!-- bench:b -->\n\none\n\n<!-- /bench:b -->\n');
  assert.equal(replaceTable(once, 'b', 'Title', 'two'), once.replace('one', 'two'));
});

test('a table has a head, a rule and rows', () => {
  assert.equal(markdownTable(['a', 'b'], [['1', '2']]), '| a | b |\n| --- | ---: |\n| 1 | 2 |');
});
