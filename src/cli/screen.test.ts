import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Screen, wantsColor } from './screen.js';

function terminal(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 100, written, write: (text: string) => written.push(text) };
}

const ERASE = '\r\u001b[2K';

describe('Screen', () => {
  it('keeps the live line below what is printed', () => {
    const out = terminal(true);
    const screen = new Screen(out);
    screen.print('one\n');
    screen.live('live 1');
    screen.print('two\n');
    screen.live('live 2');
    screen.live('');
    screen.print('three\n');
    assert.deepEqual(out.written, [
      'one\n',
      `${ERASE}live 1`,
      `${ERASE}two\nlive 1`,
      `${ERASE}live 2`,
      ERASE,
      'three\n',
    ]);
  });

  it('rewrites several lines as one', () => {
    const out = terminal(true);
    const screen = new Screen(out);
    screen.live('a\nb\nc');
    screen.live('d');
    screen.live('e\nf');
    screen.print('one\n');
    const up = (lines: number) => `\r\u001b[${lines}A\u001b[J`;
    assert.deepEqual(out.written, [`${ERASE}a\nb\nc`, `${up(2)}d`, `${ERASE}e\nf`, `${up(1)}one\ne\nf`]);
  });

  it('has no live line where there is no terminal', () => {
    const out = terminal(false);
    const screen = new Screen(out);
    screen.live('live');
    screen.print('one\n');
    assert.deepEqual(out.written, ['one\n']);
    assert.equal(screen.isTerminal, false);
  });

  it('is colored on a terminal, unless told not to', () => {
    assert.equal(wantsColor({ isTTY: true, write() {} }, {}), true);
    assert.equal(wantsColor({ isTTY: true, write() {} }, { NO_COLOR: '1' }), false);
    assert.equal(wantsColor({ isTTY: true, write() {} }, { NO_COLOR: '' }), true);
    assert.equal(wantsColor({ isTTY: true, write() {} }, { TERM: 'dumb' }), false);
    assert.equal(wantsColor({ write() {} }, {}), false);
  });
});
