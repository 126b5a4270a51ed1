import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ClientOptionsError, parseRedisUrl, type ServerAddress } from '../index.js';

test('URLs say where, who, which database and whether TLS', () => {
  const expected: Record<string, ServerAddress> = {
    'redis://cache.example': { host: 'cache.example' },
    'redis://10.0.0.1:6380/': { host: '10.0.0.1', port: 6380 },
    'redis://[::1]:7000/5': { host: '::1', port: 7000, database: 5 },
    'redis://:secret@h': { host: 'h', password: 'secret' },
    'redis://app:se%40c%2Fr%20et%25@h:1/15': {
      host: 'h',
      port: 1,
      username: 'app',
      password: 'se@c/r et%',
      database: 15,
    },
    'rediss://h': { host: 'h', tls: true },
  };
  for (const [url, address] of Object.entries(expected)) assert.deepEqual(parseRedisUrl(url), address, url);
});

test('what would be ignored is an error that names it, and what may be a password is never shown', () => {
  const wrong: readonly [url: string, problem: RegExp][] = [
    ['http://h', /^the scheme of the URL is http:\/\/; write redis:\/\/user:password@host:port\/database/],
    ['cache.example:6379', /scheme/],
    ['', /cannot be read/],
    ['redis:', /names no host/],
    ['redis:///5', /names no host/],
    ['redis://h:99999', /cannot be read/],
    ['redis://user@h', /names a user and no password/],
    ['redis://h/five', /^the path of the URL '\/five' is no database; write a number such as \/0/],
    ['redis://h/5/6', /no database/],
    ['redis://h/-1', /no database/],
    ['redis://h?db=5', /^the URL has parameters '\?db=5', and there are none/],
    ['redis://h#x', /^the URL has a fragment '#x'; take it out/],
    ['redis://:hun%ter2@h', /the password in the URL has a % that begins no character/],
    ['redis://:hun/ter2@h', /./],
    ['redis://:hun#ter2@h', /./],
    ['redis://:hun?ter2@h', /./],
    ['redis://u:hun#ter2@h:6379', /./],
    ['redis://u:1#ter2@h:6379/0', /fragment; take it out/],
    ['redis://u:1/ter2@h:6379/0', /path of the URL is no database/],
  ];
  for (const [url, problem] of wrong) {
    assert.throws(
      () => parseRedisUrl(url),
      (error: unknown) => {
        assert.ok(error instanceof ClientOptionsError, url);
        assert.equal(error.code, 'OPTIONS');
        assert.match(error.problems.join(' '), problem, url);
        assert.ok(!inspect(error, { depth: 9 }).includes('ter2'), `${url}: ${inspect(error)}`);
        return true;
      },
      url,
    );
  }
});
