import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from './options.js';
import { contenderNames } from './scenarios.js';

test('each contender can be chosen by its name', () => {
  for (const name of contenderNames) {
    const options = parseOptions(['--contenders', name]);
    assert.ok(typeof options === 'object' && 'contenders' in options, name);
    assert.deepEqual(options.contenders, [name]);
  }
});

test('what is empty, unknown or too small is a problem, all of them together', () => {
  const options = parseOptions(['--contenders', '', '--only', 'far', '--rounds', '0', '--cores', '1']);
  assert.ok(typeof options === 'object' && 'problems' in options);
  assert.equal(options.problems.length, 4);
});
