import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playScenario } from './scenario.js';
import { leaseToy } from './toy/lease-toy.js';
import { describeData, traceLine } from './trace.js';

const play = (text: string): ReturnType<typeof playScenario> => playScenario(leaseToy, text);

test('the text comes back with the trace of now below it, and again the same', () => {
  const head = '# one worker\nnodes 3\nseconds 5\nshow note\nexpect n1 note works in term';
  const { text, problems } = play(head);
  assert.deepEqual(problems, []);
  assert.ok(text.startsWith(`${head}\n---\n   `));
  assert.ok(
    text
      .split('---\n')[1]
      .split('\n')
      .every((line) => line === '' || line.includes(' note ')),
  );
  assert.equal(play(text).text, text);
  assert.equal(play(`${head}\n---\nanother trace\n`).text, text);
});

test('what was expected and not seen is a problem, and what must never be seen and was', () => {
  const { problems } = play('seconds 5\nexpect n9 note works\nnever n1 start life');
  assert.equal(problems.length, 2);
  assert.equal(problems[0], "line 2: 'n9 note works' was not seen");
  assert.match(problems[1], /^line 3: must never be seen: .*n1 +start +life/);
});

test('expectations are seen one after another', () => {
  const inOrder = 'seconds 9\nat 3000 crash n2 for 2000\nexpect n2 crash\nexpect n2 start life 2';
  assert.deepEqual(play(inOrder).problems, []);
  const inDisorder = 'seconds 9\nat 3000 crash n2 for 2000\nexpect n2 start life 2\nexpect n2 crash';
  assert.equal(play(inDisorder).problems.length, 1);
});

test('every part of the language is understood', () => {
  const text = [
    ...['nodes 4', 'clients 0', 'seed 3', 'seconds 8', 'set delayUs 20', 'show fault heal', 'heal 7000'],
    ...[
      'at 100 cut n1 n2 | n3 for 50',
      'at 200 clog n1 -> n2',
      'at 300 jump n2 by -500',
      'at 400 restart-many for 9',
    ],
    ...['expect - fault s1: cut n1 n2 | n3 for 50 ms', 'expect - fault s2: clog n1 -> n2 for 6800 ms'],
    ...[
      'expect - fault s3: jump n2 by -500 ms',
      'expect - fault s4: restart-many n1 n2 n3 n4',
      'expect - heal',
    ],
  ].join('\n');
  assert.deepEqual(play(text).problems, []);
});

test('a line that is not understood is named', () => {
  for (const [text, words] of [
    ['nodes 3\nmodes 3', /line 2: 'modes' is no verb/],
    ['nodes three', /line 1: 'three' is no number/],
    ['set colour 3', /line 1: 'colour' is no setting/],
    ['at 5 melt n1', /line 1: 'melt' is none of cut/],
    ['at 5 crash n7', /line 1: 'n7' is none of n1, n2, n3/],
    ['at 5 cut n1', /line 1: say between whom/],
    ['on won pause n1', /line 1: 'won' names no mark/],
  ] as const) {
    assert.throws(() => play(text), words);
  }
});

test('a trace has fixed columns, and data in few words', () => {
  assert.equal(traceLine(12_345_678, 'n3', 'send', 'to n1: a'), '  12.345678  n3     send      to n1: a');
  assert.equal(traceLine(0, '-', 'heal', ''), '   0.000000  -      heal');
  assert.ok(traceLine(0, 'n1', 'note', 'x'.repeat(1000)).length < 340);
  const data = {
    kind: 'a/b',
    n: 1.23456,
    list: [1, 'x'],
    inner: { kind: 'c', no: null },
    nothing: undefined,
  };
  assert.equal(describeData(data), 'a/b n=1.235 list=[1,x] inner=c{no:null}');
  assert.equal(describeData(7), '7');
});
