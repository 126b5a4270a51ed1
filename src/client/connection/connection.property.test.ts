import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ClientError, utf8Text } from '../index.js';
import { eventually } from './fake-server.testkit.js';
import { withReady } from './staged-connection.testkit.js';

const round = fc.record({
  calls: fc.array(fc.record({ deadlineMs: fc.constantFrom(20, 100, 1_000), chars: fc.nat(60) }), {
    minLength: 1,
    maxLength: 150,
  }),
  /** Before which answers a push stands. */
  pushes: fc.array(fc.nat(150), { maxLength: 5 }),
  /** Where the stream is cut, and how long each part takes. */
  cuts: fc.array(fc.record({ at: fc.nat(10_000), ms: fc.nat(40) }), { maxLength: 8 }),
});

test('each call gets its own answer or its deadline, in the order of the stream, whatever is late or cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 6 }), async (rounds) => {
      await withReady({ maxSilenceMs: 1_000_000 }, async ({ connection, peer, time, happened }) => {
        let next = 0;
        for (const { calls, pushes, cuts } of rounds) {
          const outcomes = calls.map(({ deadlineMs, chars }) => {
            const value = `${next++}:${'x'.repeat(chars)}`;
            const take = (reply: unknown) => happened.push(reply) && reply;
            const call = connection.call(['GET', value], { decode: utf8Text, deadlineMs, take });
            return call.catch((error: ClientError) => error.code);
          });
          const asked: string[] = [];
          let wire = '';
          const sent: unknown[] = [];
          for (let i = 0; i < calls.length; i++) {
            if (pushes.includes(i)) {
              wire += `>2\r\n+invalidate\r\n$${String(i).length}\r\n${i}\r\n`;
              sent.push(['invalidate', String(i)]);
            }
            const [, value] = await peer.request();
            asked.push(value);
            wire += `$${value.length}\r\n${value}\r\n`;
            sent.push(value);
          }
          happened.length = 0;
          let from = 0;
          for (const { at, ms } of cuts.toSorted((a, b) => a.at - b.at)) {
            peer.write(wire.slice(from, at));
            from = Math.max(from, Math.min(at, wire.length));
            await new Promise((resolve) => setImmediate(resolve));
            time.advance(ms);
          }
          peer.write(wire.slice(from));
          await eventually(() => connection.pendingCalls === 0, 'all was answered');
          const results = await Promise.all(outcomes);
          const late = new Set(asked.filter((_, i) => results[i] === 'DEADLINE'));
          assert.deepEqual(
            results.filter((result) => result !== 'DEADLINE'),
            asked.filter((value) => !late.has(value)),
          );
          assert.deepEqual(
            happened,
            sent.filter((item) => !late.has(item as string)),
          );
        }
      });
    }),
    { numRuns: 40 },
  );
});
