import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { runLater } from './run-later.js';

test('what runs later runs in no request of the caller', async () => {
  const requests = new AsyncLocalStorage<string>();
  // The timer under test does not keep the process alive until it fires.
  const alive = setInterval(() => {}, 1000);
  const seen = await requests.run(
    'request 1',
    () => new Promise((resolve) => runLater(() => resolve(requests.getStore()), 1)),
  );
  clearInterval(alive);
  assert.equal(seen, undefined);
});
