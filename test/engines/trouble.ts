/** Deadlines, broken connections and the end. */
import assert from 'node:assert/strict';
import { plainReading } from '#layers/client';
import type { Cases } from './conformance.js';
import { failsWith, payload } from './world.js';

/** Whatever becomes of a connection that is lost. */
const LOST = ['CONNECTION_LOST', 'NOT_CONNECTED', 'UNRESPONSIVE', 'DEADLINE'];

export const trouble: Cases = {
  async 'a call that is not answered is rejected at its deadline'(stage) {
    const { network } = stage.world;
    if (network === undefined) return;
    const { engine } = await stage.client();
    const key = stage.key();
    network.hang();
    try {
      const calls: readonly Promise<unknown>[] = [
        engine.read(key, 'lease', 50, plainReading),
        engine.fill(key, 'token', payload(1), 50),
        engine.fail(key, 'token', 'error', 100, 50),
        engine.renew(key, 'token', 50),
        engine.put(key, payload(1), 50),
        engine.remove(key, 50),
        engine.soften(key, 50),
        engine.beginWrite(key, 50),
        engine.clear(key, 50),
      ];
      for (const call of calls) await assert.rejects(call, failsWith(['DEADLINE'], true));
    } finally {
      network.resume();
    }
  },

  async 'a lease that is granted after its deadline is given back'(stage) {
    const { network } = stage.world;
    if (network === undefined) return;
    const [a, b] = await stage.clients(2);
    const [missed, stale, written] = [stage.key('missed'), stage.key('stale'), stage.key('written')];
    await a.put(stale, 'old');
    await a.soften(stale);
    network.hang();
    // While one with a long deadline waits, the connection does not count as broken, however busy the machine is.
    const patient = a.read(stage.key('patient'), 'look');
    try {
      const calls: readonly Promise<unknown>[] = [
        a.engine.read(missed, 'lease', 50, plainReading),
        a.engine.read(stale, 'early', 50, plainReading),
        a.engine.beginWrite(written, 50),
      ];
      for (const call of calls) await assert.rejects(call, failsWith(['DEADLINE'], true));
    } finally {
      network.resume();
    }
    await patient;
    // What is answered behind them says that they were executed.
    await a.read(stage.key('behind'), 'look');
    assert.equal(a.count('unreachable'), 0);
    for (const key of [missed, stale, written]) await b.leaseInTime(key);
  },

  async 'a connection that breaks is made again, and meanwhile calls are rejected at once'(stage) {
    const { network } = stage.world;
    if (network === undefined) return;
    const a = await stage.client({ tracks: true });
    const key = stage.key();
    await a.put(key, 1);
    await a.hit(key);
    assert.equal(a.count('unsound'), 0);
    assert.equal(a.count('reachable'), 1);
    network.hang();
    const under = assert.rejects(a.read(key), failsWith(LOST, true));
    network.cut();
    await under;
    if (stage.traits.tracks) await a.hears('unsound');
    await a.hears('unreachable');
    await assert.rejects(a.read(key), failsWith(LOST, true));
    network.resume();
    await a.hears('reachable', undefined, 2);
    assert.equal(await a.hit(key), 1);
  },

  async 'after the end every call is rejected, and nothing is told'(stage) {
    const [a, b] = await stage.clients(2, { tracks: true });
    const key = stage.key();
    await a.put(key, 1);
    await a.hit(key);
    const told = a.told.length;
    a.engine.close();
    a.engine.close();
    await assert.rejects(a.engine.ready(), failsWith(['CLOSED'], false));
    await assert.rejects(a.read(key), failsWith(['CLOSED'], false));
    await assert.rejects(a.remove(key), failsWith(['CLOSED'], false));
    await assert.rejects(a.clear(''), failsWith(['CLOSED'], false));
    await b.put(key, 2);
    assert.equal(await b.hit(key), 2);
    assert.equal(a.told.length, told);
  },

  async 'it says what it is'(stage) {
    const { engine } = await stage.client();
    assert.match(engine.description, /\w+ .*\w/);
  },
};
