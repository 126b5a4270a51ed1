import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig, readConfigFile } from './config-file.js';

describe('the configuration file', () => {
  it('gives every value as text, with its place', () => {
    const source = '# a cache\nport = 7000\n\n"max-memory" = "2gb"\n  status = true # live\nx.y = 1\n';
    const { entries, problems } = parseConfig('a.toml', source);
    assert.deepEqual(entries, [
      { key: 'port', text: '7000', written: '7000', place: 'a.toml:2' },
      { key: 'max-memory', text: '2gb', written: '"2gb"', place: 'a.toml:4' },
      { key: 'status', text: 'true', written: 'true', place: 'a.toml:5' },
    ]);
    assert.deepEqual(problems, [
      'a.toml:6: x is a table: write one option a line, as key = "value", without sections',
    ]);
  });

  it('tells what is no value', () => {
    const source = 'host = ["a"]\nport = 2020-01-01\n\n[clients]\nmax = 1\n[[x]]\n';
    const { problems } = parseConfig('a.toml', source);
    assert.deepEqual(
      problems.map((line) => line.slice(0, line.indexOf(': write'))),
      [
        'a.toml:1: host is a list',
        'a.toml:2: port is a date',
        'a.toml:4: clients is a table',
        'a.toml:6: x is a list',
      ],
    );
  });

  it('shows numbers that are none as they are written', () => {
    const { entries } = parseConfig('a.toml', 'a = inf\nb = -inf\nc = nan\n');
    assert.deepEqual(
      entries.map(({ written }) => written),
      ['inf', '-inf', 'nan'],
    );
  });

  it('takes names that objects have for names', () => {
    const { entries } = parseConfig('a.toml', '__proto__ = 1\nconstructor = 2\n');
    assert.deepEqual(
      entries.map(({ key, place }) => [key, place]),
      [
        ['__proto__', 'a.toml:1'],
        ['constructor', 'a.toml:2'],
      ],
    );
  });

  it('tells where it is no TOML', () => {
    assert.match(
      parseConfig('a.toml', 'port = 1\nport = 2\n').problems[0],
      /^a\.toml:2:\d+: Invalid TOML document/,
    );
    assert.match(parseConfig('a.toml', 'port = \n').problems[0], /^a\.toml:1:\d+: /);
    assert.match(parseConfig('a.toml', 'max-memory = 2gb\n').problems[0], /^a\.toml:1:\d+: /);
  });

  it('tells when it cannot be read', () => {
    assert.deepEqual(readConfigFile('/no/such/file.toml').problems, [
      '/no/such/file.toml cannot be read (there is no such file): give the path of a TOML file',
    ]);
    assert.match(readConfigFile('/').problems[0], /it is a folder/);
  });
});
