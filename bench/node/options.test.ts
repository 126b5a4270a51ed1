import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NodeBenchOptions, parseOptions, scenarioNames } from './options.js';

test('the standard run takes all scenarios and is saved', () => {
  const options = parse([]);
  assert.deepEqual(options.only, scenarioNames);
  assert.equal(options.save, 'node');
});

test('the quick run is narrow and is saved only under a name', () => {
  const options = parse(['--quick']);
  assert.deepEqual([options.only, options.sizes, options.traffics], [['cpu'], [64], ['get', 'set']]);
  assert.equal(options.save, undefined);
  assert.equal(parse(['--quick', '--save', 'x']).save, 'x');
  assert.equal(parse(['--only', 'memory']).save, 'node-memory');
});

test('all problems are reported together', () => {
  const result = parseOptions([
    '--only',
    'speed',
    '--rounds',
    '0',
    '--sizes',
    '64,x',
    '--servers',
    'nuthatch,foo',
  ]);
  assert.ok(typeof result === 'object' && 'problems' in result);
  assert.equal(result.problems.length, 4);
  for (const given of ['speed', 'foo', '0', 'x']) {
    assert.ok(
      result.problems.some((problem) => problem.includes(` ${given}: `)),
      given,
    );
  }
});

test('an unknown option is a problem, --help is help', () => {
  const unknown = parseOptions(['--fast']);
  assert.ok(typeof unknown === 'object' && 'problems' in unknown);
  assert.match(unknown.problems.join(), /--fast/);
  assert.equal(parseOptions(['-h']), 'help');
});

function parse(given: string[]): NodeBenchOptions {
  const options = parseOptions(given);
  assert.ok(typeof options === 'object' && 'only' in options, JSON.stringify(options));
  return options;
}
