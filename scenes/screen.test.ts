import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Screen } from './screen.js';

/** A terminal that remembers what was written. */
function terminal(columns: number) {
  const texts: string[] = [];
  return {
    columns,
    isTTY: true,
    texts,
    write: (text: string | Uint8Array) => {
      texts.push(String(text));
      return true;
    },
  };
}

describe('the screen of a scene', () => {
  it('draws nothing more when it is closed', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const output = terminal(80);
    const screen = new Screen(['ours', 'theirs'], output);
    screen.figure(0, 'queries', '1');
    t.mock.timers.tick(1_000);
    screen.figure(0, 'queries', '2');
    screen.close();
    const before = output.texts.length;
    assert.match(output.texts.at(-1) ?? '', /queries: 2/);
    screen.figure(1, 'queries', '3');
    t.mock.timers.tick(1_000);
    assert.equal(output.texts.length, before);
  });

  it('shows all of an event, in lines that fit into their column', () => {
    const output = terminal(80);
    const screen = new Screen(['a', 'b', 'c'], output);
    screen.note(1, 'sixteen thousand answers, 1391 errors (LOAD_SHED), 20 queries at once');
    screen.close();
    const lines = (output.texts.at(-1) ?? '').replaceAll('\u001b[2K', '').split('\n');
    assert.ok(lines.every((line) => line.length <= 80));
    const words = lines.map((line) => line.slice(27, 51).trim()).join(' ');
    assert.match(words, /sixteen thousand answers, 1391 errors \(LOAD_SHED\), 20 queries at once/);
  });
});
