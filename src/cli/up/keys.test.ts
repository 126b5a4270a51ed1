import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { it } from 'node:test';
import { type KeyHost, listenToKeys } from './keys.js';

function terminal() {
  const [modes, keys, signals]: [boolean[], string[], string[]] = [[], [], []];
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => modes.push(isRaw),
  });
  const host: KeyHost = { isOurs: () => true, signal: (to, name) => signals.push(`${name} ${to}`) };
  return { input, modes, keys, signals, host };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('keys are told one by one, and the terminal is given back', async () => {
  const { input, modes, keys, host } = terminal();
  const end = listenToKeys(input, (key) => keys.push(key), host);
  input.write('kx');
  await turn();
  assert.deepEqual([keys, modes], [['k', 'x'], [true]]);
  end?.();
  assert.deepEqual([modes, input.listenerCount('data')], [[true, false], 0]);
});

it('Ctrl-C and Ctrl-Z are the signals that they would be without us', async () => {
  const { input, modes, keys, signals, host } = terminal();
  const end = listenToKeys(input, (key) => keys.push(key), host);
  input.write('\u0003');
  await turn();
  assert.deepEqual(signals, ['SIGINT process']);
  input.write('\u001a');
  await turn();
  assert.deepEqual(
    [signals[1], modes],
    ['SIGTSTP group', [true, false]],
    'the shell has a terminal as usual',
  );
  process.emit('SIGCONT');
  assert.equal(modes[2], true);
  end?.();
  assert.deepEqual([keys, process.listenerCount('SIGCONT')], [[], 0]);
});

it('a terminal that is not ours is left alone', () => {
  const { input, modes, host } = terminal();
  const pressed = () => assert.fail();
  assert.equal(listenToKeys(input, pressed, { ...host, isOurs: () => false }), undefined);
  assert.equal(listenToKeys(new PassThrough(), pressed, host), undefined);
  assert.deepEqual(modes, []);
});
