import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Block, InvariantError } from '../base/index.js';
import { CommandIndex, commandTable } from './index.js';

function find<T>(index: CommandIndex<T>, name: string): T | undefined {
  // No byte follows the name, so that a look beyond it would be seen.
  return index.find(Block.of(`.${name}`), 1, name.length);
}

describe('the command index', () => {
  test('finds every command of the table in any case, and nothing else', () => {
    const index = new CommandIndex(commandTable.map((spec) => [spec.name, spec]));
    for (const spec of commandTable) {
      assert.equal(find(index, spec.name), spec);
      assert.equal(find(index, spec.name.toUpperCase()), spec);
      const mixed = [...spec.name].map((char, i) => (i % 2 ? char : char.toUpperCase())).join('');
      assert.equal(find(index, mixed), spec);
      assert.equal(find(index, `${spec.name}x`), undefined);
      assert.equal(find(index, spec.name.slice(0, -1)), undefined);
    }
    for (const name of [
      '',
      'toString',
      '__proto__',
      'constructor',
      'x'.repeat(1000),
      '\0',
      'get\0',
      'GE\xd4',
      'G\x05T',
    ]) {
      assert.equal(find(index, name), undefined, name);
    }
  });

  test('tells bytes apart that differ only in the bit of the case', () => {
    const index = new CommandIndex([['a_b', 1]]);
    assert.equal(find(index, 'A_B'), 1);
    assert.equal(find(index, 'a\x7fb'), undefined);
    assert.equal(find(new CommandIndex([['a@', 1]]), 'a`'), undefined);
  });

  test('holds any names', () => {
    const name = fc.string({ unit: fc.constantFrom(...'abcxyz|-_019'), maxLength: 8 });
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 80 }), name, (names, other) => {
        const index = new CommandIndex(names.map((text, i) => [text, i]));
        names.forEach((text, i) => {
          assert.equal(find(index, text.toUpperCase()), i);
        });
        assert.equal(find(index, other), names.includes(other) ? names.indexOf(other) : undefined);
      }),
    );
  });

  test('refuses a name given twice', () => {
    assert.throws(
      () =>
        new CommandIndex([
          ['get', 1],
          ['GET', 2],
        ]),
      InvariantError,
    );
  });
});
