// Turns the events of node:test into one JSON line each on descriptor 3, for test-process.mjs.
//
// Lines: {started}, {passed}, {failed, error}, {skipped, reason}, {left} (a suite), {stray} and at last
// {ended: true}; all but the last two with {file, id}. The suites at the top are the test files, and they
// run one after another, so the name of the last one that started is the file of all that follows.
// A failure after its test ended (a stray promise or timer) is a mere diagnostic to node:test; here it
// is a failure.

import { writeSync } from 'node:fs';
import { inspect } from 'node:util';

const channel = 3;

export default async function* report(source) {
  let file = '';
  for await (const { type, data } of source) {
    if (type === 'test:dequeue' && data.nesting === 0) file = data.name;
    const line = lineOf(type, data);
    if (line) send({ ...line, file, id: `${data.nesting} ${data.name}` });
  }
  send({ ended: true });
  yield '';
}

function send(line) {
  writeSync(channel, `${JSON.stringify(line)}\n`);
}

function lineOf(type, { name, nesting, details, skip, todo, message }) {
  const isFile = nesting === 0;
  switch (type) {
    case 'test:dequeue':
      return isFile ? undefined : { started: name };
    case 'test:pass':
      if (skip !== undefined) return { skipped: name, reason: reasonOf(skip) };
      if (isFile) return undefined;
      return details.type === 'suite' ? { left: name } : { passed: name };
    case 'test:fail':
      if (todo !== undefined) return { skipped: name, reason: reasonOf(todo) };
      if (details.error?.failureType === 'subtestsFailed') return isFile ? undefined : { left: name };
      return { failed: isFile ? 'its hooks' : name, error: describe(details.error) };
    case 'test:diagnostic':
      return message.includes('generated asynchronous activity after') ? { stray: message } : undefined;
    default:
      return undefined;
  }
}

function reasonOf(value) {
  return typeof value === 'string' ? value : '';
}

function describe(error) {
  if (error?.message?.includes('did not finish before its parent')) return 'cancelled';
  const cause = error?.code === 'ERR_TEST_FAILURE' && error.cause !== undefined ? error.cause : error;
  const text = typeof cause === 'string' ? cause : inspect(cause, { depth: 4, breakLength: 100 });
  return text.replace(/\n +at .*\(?node:.*/g, '');
}
