/** Values and keys of every kind, also those that others have written. */
import assert from 'node:assert/strict';
import type { Cases } from './conformance.js';
import { payload } from './world.js';

const LARGE_CHARS = 5_000_000;

export const values: Cases = {
  async 'a value is what was encoded, on every way to it'(stage) {
    const [a, b] = await stage.clients(2);
    const all = [null, false, 0, '', 'ä\u{1f426}\0\r\n', [], {}, { a: [1, { b: null }] }, 1.5e300];
    for (const [i, value] of all.entries()) {
      const key = stage.key(String(i));
      await a.fill(key, await a.lease(key), value);
      assert.deepEqual(await b.hit(key), value);
      const early = await b.read(key, 'early');
      assert.deepEqual([early.status, early.value, early.isThere], ['refresh', value, true]);
      await b.soften(key);
      const refresh = await b.read(key);
      assert.deepEqual([refresh.status, refresh.value], ['refresh', value]);
      const stale = await a.read(key);
      assert.deepEqual([stale.status, stale.value], ['stale', value]);
      await b.fail(key, String(refresh.token), 'why', 60_000);
      const failed = await a.read(key);
      assert.deepEqual([failed.status, failed.value, failed.isThere], ['failed', value, true]);
      const bytes = Buffer.byteLength(JSON.stringify(value));
      for (const answer of [early, refresh, stale, failed]) assert.equal(answer.valueBytes, bytes);
    }
  },

  async 'an entry may say that there is nothing'(stage) {
    const [a, b] = await stage.clients(2);
    const key = stage.key();
    const absent = { data: '', isAbsent: true };
    assert.equal(await a.fill(key, await a.lease(key), null, absent), true);
    const hit = await b.read(key);
    assert.deepEqual([hit.status, hit.isThere, hit.value, hit.valueBytes], ['hit', true, undefined, 0]);
    assert.equal(hit.loadMs, 7);
    await a.soften(key);
    const refresh = await a.read(key);
    assert.deepEqual([refresh.status, refresh.isThere, refresh.value], ['refresh', true, undefined]);
    assert.ok(refresh.token !== undefined);
    const stale = await b.read(key);
    assert.deepEqual([stale.status, stale.isThere, stale.value], ['stale', true, undefined]);
    await a.fail(key, refresh.token, 'why', 60_000);
    const failed = await b.read(key);
    assert.deepEqual([failed.status, failed.isThere, failed.value], ['failed', true, undefined]);
    await a.put(key, 1);
    assert.equal(await b.hit(key), 1);
    await a.put(key, null, absent);
    assert.deepEqual((await b.read(key)).value, undefined);
    assert.equal(await b.remove(key), true, 'it is an entry');
  },

  async 'a value of bytes comes as bytes'(stage) {
    const serializer = {
      name: 'bytes',
      reads: 'bytes' as const,
      encode: (value: unknown) => value as Uint8Array,
      decode: (data: string | Uint8Array) => data,
    };
    const [a, b] = await stage.clients(2, { serializer });
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const key = stage.key();
    await a.put(key, null, { data: every });
    assert.deepEqual(await b.hit(key), every);
    const early = await b.read(key, 'early');
    assert.deepEqual(early.value, every);
    assert.equal(await b.fill(key, String(early.token), null, { data: every.slice(0, 3) }), true);
    assert.deepEqual(await a.hit(key), every.slice(0, 3));
    await a.put(key, null, { data: '', isAbsent: true });
    const absent = await b.read(key, 'early');
    assert.deepEqual([absent.status, absent.value], ['refresh', undefined]);
    assert.equal(await b.fill(key, String(absent.token), null, { data: every }), true, 'the token is whole');
  },

  async 'large values come whole'(stage) {
    const [a, b] = await stage.clients(2);
    const text = 'nuthatch \u{1f426} '.repeat(LARGE_CHARS / 12);
    const [one, two] = [stage.key('1'), stage.key('2')];
    await a.fill(one, await a.lease(one), text);
    await a.put(two, [text, text]);
    const answers = await Promise.all([b.read(one), b.read(two), b.read(stage.key('none'), 'look')]);
    assert.ok(answers[0].value === text, 'one');
    assert.deepEqual(answers[1].value, [text, text]);
    assert.equal(answers[2].status, 'miss');
    assert.equal(answers[0].valueBytes, payload(text).data.length + (text.split('\u{1f426}').length - 1) * 2);
    await a.clear(stage.key());
  },

  async 'keys are any text, also the empty one'(stage) {
    const [a, b] = await stage.clients(2, { tracks: true });
    const names = [
      'ä\u{1f426}',
      'a b',
      '{a}b',
      'a}b',
      '{}',
      'a{',
      '"\'\\',
      '\r\n\0',
      '*?[',
      'x'.repeat(10_000),
    ];
    const keys = ['', ...names.map((name) => stage.key(name)), ...names];
    for (const key of keys) {
      const token = await a.lease(key);
      assert.equal((await b.read(key)).status, 'wait', key);
      assert.equal(await a.fill(key, token, key), true, key);
      await b.hears('woken', key);
      assert.equal(await b.hit(key), key);
      const heard = b.count('invalidated', key);
      await a.beginWrite(key);
      if (stage.traits.tracks) await b.hears('invalidated', key, heard + 1);
      await a.remove(key);
    }
  },

  async 'what others have SET is a fresh value; what is not of the serializer is text'(stage) {
    const { plain } = stage.world;
    if (plain === undefined) return;
    const a = await stage.client();
    const key = stage.key();
    const set: readonly [text: string, value: unknown][] = [
      ['{"a":1}', { a: 1 }],
      ['not of the serializer \u{1f426}', 'not of the serializer \u{1f426}'],
      ['', ''],
      ['17', 17],
    ];
    for (const [text, value] of set) {
      await plain('SET', key, text);
      const answer = await a.read(key);
      assert.deepEqual([answer.status, answer.value, answer.ms], ['hit', value, Number.POSITIVE_INFINITY]);
      assert.deepEqual([answer.isThere, answer.loadMs], [true, 0]);
    }
    await plain('SET', key, '1', 'PX', '5000');
    const { ms } = await a.read(key);
    assert.ok(ms > 0 && ms <= 5_000, `${ms} ms`);
    const early = await a.read(key, 'early');
    assert.deepEqual([early.status, early.value], ['refresh', 1]);
    assert.equal(await a.fill(key, String(early.token), 2), true);
    assert.equal(await a.hit(key), 2);
  },

  async 'others read with GET what is filled'(stage) {
    const { plain } = stage.world;
    if (plain === undefined || !stage.traits.readsPlainly) return;
    const a = await stage.client();
    const key = stage.key();
    const token = await a.lease(key);
    assert.equal(await plain('GET', key), null);
    await a.fill(key, token, { a: 'ä' });
    assert.equal(await plain('GET', key), '{"a":"ä"}');
  },
};
