import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LiveBlock } from './screen.mjs';

/** A terminal that understands what a block writes: its lines, as one would see them. */
class Terminal {
  rows = 10;
  #lines = [''];
  #at = 0;
  /** The column is always 0 but in a line that is being written. */
  write(text) {
    for (const [, code, char] of text.matchAll(/\u001b\[(\d*[A-Za-z])|([\s\S])/g)) {
      if (code?.endsWith('A')) this.#at -= Number(code.slice(0, -1));
      else if (code === 'J') this.#lines.length = this.#at + 1;
      if (code === 'J') this.#lines[this.#at] = '';
      if (char === '\n') this.#lines[++this.#at] ??= '';
      else if (char === '\r') this.#isNew = true;
      else if (char !== undefined) {
        this.#lines[this.#at] = (this.#isNew ? '' : this.#lines[this.#at]) + char;
        this.#isNew = false;
        continue;
      }
      if (char === '\n') this.#isNew = true;
    }
    return true;
  }
  #isNew = true;
  get text() {
    return this.#lines.join('\n');
  }
}

describe('a live block', () => {
  it('is redrawn in place, and stays below what is printed', () => {
    const terminal = new Terminal();
    const block = new LiveBlock(terminal);
    terminal.write('first\n');
    block.show(['a 1', 'b 1']);
    assert.equal(terminal.text, 'first\na 1\nb 1\n');
    block.show(['a 2', 'b 2', 'c 2']);
    assert.equal(terminal.text, 'first\na 2\nb 2\nc 2\n');
    terminal.write('second\n');
    assert.equal(terminal.text, 'first\nsecond\na 2\nb 2\nc 2\n');
    block.show(['a 3']);
    assert.equal(terminal.text, 'first\nsecond\na 3\n');
    block.show([]);
    assert.equal(terminal.text, 'first\nsecond\n');
  });

  it('waits for the end of a line that somebody else has begun', () => {
    const terminal = new Terminal();
    const block = new LiveBlock(terminal);
    block.show(['block']);
    terminal.write('half');
    assert.equal(terminal.text, 'half');
    block.show(['block 2']);
    assert.equal(terminal.text, 'half');
    terminal.write(' and half\n');
    assert.equal(terminal.text, 'half and half\nblock 2\n');
  });

  it('is never taller than the terminal, whose top it could not reach again', () => {
    const terminal = new Terminal();
    terminal.rows = 3;
    const block = new LiveBlock(terminal);
    block.show(['a', 'b', 'c', 'd']);
    assert.equal(terminal.text, 'a\nb\n');
    block.end();
    terminal.write('after\n');
    assert.equal(terminal.text, 'a\nb\nafter\n');
  });
});
