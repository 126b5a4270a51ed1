/** What the types allow and what they do not: this file is tested by being compiled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLru, type Duration, type Lru } from './index.js';

interface User {
  name: string;
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function isType<Check extends true>(check?: Check): void {
  assert.equal(check, undefined);
}

test('the value type follows from the options', () => {
  const users = createLru<User>({ maxEntries: 10, ttl: '5m' });
  const byNumber = createLru<User, number>({ maxEntries: 10 });
  const texts = createLru({ maxBytes: '1mb', values: 'string' });
  const bytes = createLru({ maxBytes: 1e6, values: 'bytes', ttl: 500 });
  isType<Same<typeof users, Lru<User, string>>>();
  isType<Same<typeof byNumber, Lru<User, number>>>();
  isType<Same<typeof texts, Lru<string, string>>>();
  isType<Same<typeof bytes, Lru<Uint8Array, string>>>();
  const found = users.get('a');
  isType<Same<typeof found, User | undefined>>();
});

test('what makes no sense does not compile', () => {
  const wrong = (): void => {
    // @ts-expect-error: a duration has a unit
    createLru<User>({ maxEntries: 10, ttl: '5' });
    // @ts-expect-error: a bound is needed
    createLru<User>({ ttl: '5m' });
    // @ts-expect-error: one bound, not two
    createLru<User>({ maxEntries: 10, maxBytes: '1mb', values: 'string' });
    // @ts-expect-error: a cache bounded in bytes must know what it holds
    createLru({ maxBytes: '1mb' });
    // @ts-expect-error: a size has a unit of bytes
    createLru({ maxBytes: '1m', values: 'string' });
    // @ts-expect-error: undefined is a miss, not a value
    createLru<User | undefined>({ maxEntries: 10 });
    const users = createLru<User>({ maxEntries: 10 });
    // @ts-expect-error: keys are strings unless said otherwise
    users.get(7);
    // @ts-expect-error: a value of the type
    users.set('a', 'x');
    // @ts-expect-error: the same units as everywhere
    users.set('a', { name: 'x' }, { ttl: '5 minutes' });
  };
  assert.equal(typeof wrong, 'function');
  const duration: Duration = '1.5h';
  assert.equal(duration, '1.5h');
});
