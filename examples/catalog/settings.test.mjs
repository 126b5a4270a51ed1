import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSettings, SettingsError, withoutPassword } from './settings.mjs';

describe('the settings', () => {
  it('have a value for everything that is not said', () => {
    const expected = { cacheUrls: ['redis://127.0.0.1:6379'], databaseUrl: undefined, port: 0, load: 100 };
    assert.deepEqual(readSettings({}), expected);
    assert.deepEqual(readSettings({ CACHE_URL: '', DATABASE_URL: ' ', PORT: '', LOAD: '' }), expected);
  });

  it('come from the environment', () => {
    const environment = {
      CACHE_URL: 'rediss://u:p@h:1, redis://h:2',
      DATABASE_URL: 'postgres://h/d',
      PORT: '8080',
      LOAD: '0',
    };
    assert.deepEqual(readSettings(environment), {
      cacheUrls: ['rediss://u:p@h:1', 'redis://h:2'],
      databaseUrl: 'postgres://h/d',
      port: 8080,
      load: 0,
    });
  });

  it('are refused with all mistakes at once, and never shown with a password', () => {
    const environment = { CACHE_URL: 'http://:secret@h', DATABASE_URL: 'secret', PORT: '65536', LOAD: '-1' };
    assert.throws(
      () => readSettings(environment),
      (error) => {
        assert.ok(error instanceof SettingsError);
        const lines = error.message.split('\n');
        assert.equal(lines.length, 4);
        for (const [index, name] of Object.keys(environment).entries())
          assert.ok(lines[index]?.startsWith(name), name);
        assert.ok(!error.message.includes('secret'));
        return true;
      },
    );
  });

  it('are shown without their passwords', () => {
    assert.equal(withoutPassword('redis://:secret@127.0.0.1:6379'), 'redis://:***@127.0.0.1:6379');
    assert.equal(withoutPassword('redis://127.0.0.1:6379'), 'redis://127.0.0.1:6379');
  });
});
