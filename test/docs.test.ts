/** The code blocks of README.md and docs/ do what the pages say. docs/testing.md tells how they are written. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksOf, matches, stepsOf } from './docs/blocks.js';
import { checkout, runPage } from './docs/page.js';
import { showReply, splitArguments } from './docs/transcript.js';

for (const page of ['README.md', ...pagesIn('docs')]) {
  test(`the code blocks of ${page} run`, async (t) => {
    const { problems, skips } = await runPage(page, readFileSync(join(checkout, page), 'utf8'));
    assert.deepEqual(problems, []);
    if (skips.length > 0) t.skip(skips.join('; '));
  });
}

function pagesIn(folder: string): string[] {
  return readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `${folder}/${path}`)
    .sort();
}

test('blocks of a page that is right pass', async () => {
  const page = [
    block(
      'console',
      '> SET color red',
      'OK',
      '> GET color',
      '"red"',
      '> MGET color none',
      '1) "red"',
      '2) (nil)',
    ),
    block('sh', 'test "$PORT" -gt 1024', 'echo kept > file'),
    block('console', '$ cat file && echo 6379', 'kept', '6379', '$ ls -a | cat', '...', 'file'),
    block('js', "import { createLru } from 'nuthatch/lru';", 'console.log(typeof createLru); // => function'),
    block('ts', 'const port: number = Number(process.env.PORT);', 'console.log(port > 0); // => true'),
    block('json', '{ "a": 1 }'),
    block('toml', 'a = 1'),
    block('sh no-run', 'exit 1'),
    block('text', 'anything'),
  ].join('\n');
  assert.deepEqual(await runPage('right.md', page), { passed: 8, problems: [], skips: [] });
});

const wrong: [name: string, block: string, says: RegExp][] = [
  [
    'a wrong reply',
    block('console', '> SET a 1', 'OK', '> GET a', '"2"'),
    /`GET a` answered\n"1"\nand the page says\n"2"/,
  ],
  ['a missing reply', block('console', '> SET a 1', '> GET a', '"1"'), /`SET a 1` answered\nOK/],
  [
    'an error not shown',
    block('console', '> GET', '(nil)'),
    /answered\n\(error\) ERR wrong number of arguments/,
  ],
  ['a wrong output', block('console', '$ echo one', 'two'), /answered\none\nand the page says\ntwo/],
  ['a failing command', block('sh', 'false', 'true'), /ended with 1/],
  ['a failing pipe', block('sh', 'false | cat'), /ended with 1/],
  ['a module that throws', block('js', "throw new Error('no')"), /Error: no/],
  [
    'a module that prints something else',
    block('js', 'console.log(1); // => 2'),
    /printed\n1\nand the page says\n2/,
  ],
  ['an export that does not exist', block('js', "import 'nuthatch/none';"), /ERR_PACKAGE_PATH_NOT_EXPORTED/],
  [
    'types that do not fit',
    block('ts', "const n: number = 'a';", 'console.log(n);'),
    /does not compile:[\s\S]*TS2322/,
  ],
  ['broken JSON', block('json', '{ a: 1 }'), /JSON/],
  ['broken TOML', block('toml', 'a = '), /TOML/],
  ['no language', block('', 'x'), /names no language/],
  ['an unknown language', block('cobol', 'x'), /nothing runs 'cobol' blocks/],
  ['a transcript without a prompt', block('console', 'OK'), /begins with/],
  ['a server that does not start', block('sh serve', 'exit 3'), /serves nothing/],
];

for (const [name, text, says] of wrong) {
  test(`${name} is found`, async () => {
    const { passed, problems } = await runPage('wrong.md', `# Title\n\n${text}`);
    assert.equal(passed, 0);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /^wrong\.md:3: /);
    assert.match(problems[0] ?? '', says);
  });
}

test('a serve block becomes the node of the page', async () => {
  const page = [
    block('sh serve', 'nuthatch start --max-memory 32mb'),
    block('console', '> CONFIG GET maxmemory', '1) "maxmemory"', '2) "33554432"'),
    block('sh', 'nuthatch call SET a 1', 'nuthatch call GET a | grep 1'),
  ].join('\n');
  assert.deepEqual(await runPage('serve.md', page), { passed: 3, problems: [], skips: [] });
});

test('blocks are cut at their fences', () => {
  const page = 'a\n\n  ```sh one two\n  x\n    y\n  ```\n\n````text\n```\n````\n';
  assert.deepEqual(blocksOf('p.md', page), [
    { page: 'p.md', line: 3, language: 'sh', words: ['one', 'two'], text: 'x\n  y\n' },
    { page: 'p.md', line: 8, language: 'text', words: [], text: '```\n' },
  ]);
  assert.throws(() => blocksOf('p.md', '\n```sh\nx\n'), /p\.md:2: the block is never closed/);
});

test('transcripts are cut at their prompts', () => {
  const text = '127.0.0.1:6379[1]> GET a\n(nil)\n$ echo \\\n  b\nb\n';
  assert.deepEqual(stepsOf({ page: 'p.md', line: 1, language: 'console', words: [], text }), [
    { prompt: '>', input: 'GET a', expected: '(nil)\n' },
    { prompt: '$', input: 'echo \\\n  b', expected: 'b\n' },
  ]);
});

test('an ellipsis stands for anything in its line, alone for any lines', () => {
  assert.ok(matches('a ... c\n...\nz', 'a b c\n1\n2\nz\n'));
  assert.ok(matches('...\nz', 'z'));
  assert.ok(!matches('a ... c', 'a b'));
  assert.ok(!matches('a', 'a\nb'));
  assert.ok(!matches('a.c', 'abc'));
});

test('replies are shown as redis-cli shows them', () => {
  const bulk = (value: string | null) => ({ type: '$', value });
  const nested = {
    type: '*',
    value: [bulk('a\n"'), { type: '*', value: [{ type: ':', value: '1' }, bulk(null)] }],
  };
  assert.equal(showReply(nested), '1) "a\\n\\""\n2) 1) (integer) 1\n   2) (nil)');
  assert.equal(showReply({ type: '*', value: [] }), '(empty array)');
  assert.equal(showReply({ type: '%', value: [bulk('k'), bulk('v')] }), '1# "k" => "v"');
  assert.deepEqual(splitArguments(`SET "a \\x41\\n" 'b c' d`), ['SET', 'a A\n', 'b c', 'd']);
});

function block(info: string, ...lines: string[]): string {
  return ['```' + info, ...lines, '```', ''].join('\n');
}
