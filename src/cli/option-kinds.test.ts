import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  choice,
  duration,
  file,
  host,
  integer,
  type Kind,
  memory,
  outputLimit,
  port,
  secret,
  size,
  toggle,
} from './option-kinds.js';

const MB = 1024 * 1024;

/** Each text is read as the value beside it. */
function reads<T>(kind: Kind<T>, pairs: readonly (readonly [text: string, value: T])[]): void {
  for (const [text, value] of pairs) assert.deepEqual(kind.parse(text), { value }, text);
}

/** Each text is refused, with a problem that says what to write instead. */
function refuses(kind: Kind<unknown>, pairs: readonly (readonly [text: string, problem: RegExp])[]): void {
  for (const [text, expected] of pairs) {
    const parsed = kind.parse(text);
    assert.ok('problem' in parsed, text);
    assert.match(parsed.problem, expected, text);
    assert.match(parsed.problem, /: give ./, text);
  }
}

describe('kinds of options', () => {
  it('size', () => {
    const kind = size({ min: 1024, max: 1024 * MB }, { auto: 0, off: -1 });
    reads(kind, [
      ['1024', 1024],
      ['1kb', 1024],
      [' 512MB ', 512 * MB],
      ['512 mb', 512 * MB],
      ['512mib', 512 * MB],
      ['1gb', 1024 * MB],
      ['2k', 2000],
      ['1g', 1e9],
      ['4096b', 4096],
      ['1.5mb', 1.5 * MB],
      ['1.0001kb', 1024],
      ['auto', 0],
      ['OFF', -1],
    ]);
    refuses(kind, [
      ['', /is not a size/],
      ['12zz', /is not a size: give a size from 1kb to 1gb, or auto, or off/],
      ['mb', /is not a size/],
      ['-5mb', /is not a size/],
      ['1e3', /is not a size/],
      ['0x10', /is not a size/],
      ['1mb 2mb', /is not a size/],
      ['0', /is too small/],
      ['1023', /is too small/],
      ['2gb', /is too large/],
      ['constructor', /is not a size/],
    ]);
  });

  it('memory', () => {
    const kind = memory({ min: 2 * MB, max: 1024 * MB });
    reads(kind, [
      ['50%', { percent: 50 }],
      ['1%', { percent: 1 }],
      ['100%', { percent: 100 }],
      ['1gb', { bytes: 1024 * MB }],
    ]);
    refuses(kind, [
      ['0%', /is out of range/],
      ['101%', /is out of range/],
      ['1.5%', /is not a size/],
      ['1mb', /is too small/],
    ]);
  });

  it('duration', () => {
    const kind = duration('ms', { min: 0, max: 86_400_000 }, { off: 0 });
    reads(kind, [
      ['0', 0],
      ['off', 0],
      ['250ms', 250],
      ['10s', 10_000],
      ['1.5s', 1500],
      ['5m', 300_000],
      ['1h', 3_600_000],
      ['1d', 86_400_000],
      ['2000us', 2],
    ]);
    refuses(kind, [
      ['10', /is not a time with a unit: give a time such as 250ms, 10s or 5m, up to 1d, or off/],
      ['-1s', /is not a time/],
      ['1w', /is not a time/],
      ['2d', /is too large/],
      ['1us', /is too fine/],
      ['0.0001ms', /is too fine/],
    ]);
    reads(duration('us', { min: 0, max: 1e9 }, { off: -1 }), [
      ['10ms', 10_000],
      ['7us', 7],
      ['off', -1],
    ]);
  });

  it('integer and port', () => {
    reads(integer({ min: 1, max: 100 }), [
      ['1', 1],
      ['+100', 100],
    ]);
    refuses(integer({ min: 1, max: 100 }), [
      ['0', /is too small: give a whole number from 1 to 100/],
      ['101', /is too large/],
      ['1.5', /is not a whole number/],
      ['ten', /is not a whole number/],
      ['99999999999999999999', /is too large/],
    ]);
    reads(port(), [
      ['0', 0],
      ['65535', 65_535],
    ]);
    refuses(port(), [
      ['65536', /is too large: give a port from 1 to 65535, or 0 for any that is free/],
      ['http', /is not a whole number/],
    ]);
  });

  it('host', () => {
    const names = ['127.0.0.1', '::1', '0.0.0.0', '::', 'localhost', 'cache-1.example.com', 'fe80::1%eth0'];
    reads(
      host(),
      names.map((name) => [name, name]),
    );
    refuses(host(), [
      ['', /is not an address/],
      ['256.1.1.1', /is not an address/],
      ['1.2.3', /is not an address/],
      ['[::1]', /is not an address/],
      ['a_b', /is not an address/],
      ['127.0.0.1:6379', /is not an address/],
      ['-x', /is not an address/],
    ]);
  });

  it('choice', () => {
    reads(choice(['human', 'json']), [['json', 'json']]);
    refuses(choice(['auto', 'human', 'json']), [
      ['xml', /is not one of its values: give auto, human or json/],
    ]);
  });

  it('toggle', () => {
    for (const text of ['true', 'YES', 'on', '1']) reads(toggle(), [[text, true]]);
    for (const text of ['false', 'no', 'off', '0']) reads(toggle(), [[text, false]]);
    refuses(toggle(), [['maybe', /give true or false/]]);
  });

  it('file and secret', () => {
    reads(file(), [['/etc/x.toml', '/etc/x.toml']]);
    refuses(file(), [[' ', /is not a path/]]);
    reads(secret(), [[' s e cret ', ' s e cret ']]);
    refuses(secret(), [['', /is empty/]]);
    assert.equal(secret().format('s3cret'), '(hidden)');
  });

  it('output limit', () => {
    reads(outputLimit(), [
      ['32mb 8mb 60s', { hardBytes: 32 * MB, softBytes: 8 * MB, softSeconds: 60 }],
      ['0 1kb 1m', { hardBytes: 0, softBytes: 1024, softSeconds: 60 }],
      ['1mb 1mb 0', { hardBytes: MB, softBytes: MB, softSeconds: 0 }],
      ['off', { hardBytes: 0, softBytes: 0, softSeconds: 0 }],
      ['OFF', { hardBytes: 0, softBytes: 0, softSeconds: 0 }],
    ]);
    refuses(outputLimit(), [
      ['32mb', /is not three limits/],
      ['32mb 8mb 60', /is not three limits/],
      ['32mb lots 60s', /is not three limits/],
      ['1mb 1mb 500ms', /has a time that is not in whole seconds/],
      ['1mb 1mb 0.0000001s', /has a time that is not in whole seconds/],
      ['1mb 8mb 60s', /has a hard limit below the soft one/],
      ['32mb 8mb 60s 1', /is not three limits/],
    ]);
  });
});
