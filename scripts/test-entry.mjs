// The body of one test process: loads the compiled test files given as arguments, then runs them.
//
//   load a.test.js ──> its calls of test(), before(), ... are kept     one file after another
//   all are loaded ──> describe('a.test.js', () => the kept calls)     one suite a file
//
// Without the detour a `before` at the top of one file would run for the tests of all files, and a test
// would start while its file is half evaluated. So the functions of node:test are replaced by recording
// ones while files load (module.syncBuiltinESMExports is made for that); a default import of node:test
// is not seen. A file that cannot be loaded becomes a failed test.
//
// On descriptor 3 a beat tells the parent a process that waits from one that computes. When the parent
// loses patience (SIGTERM) the process says what is open.

import { writeSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { pathToFileURL } from 'node:url';

const channel = 3;
const beatMs = 500;
const recordedNames = ['test', 'it', 'describe', 'suite', 'before', 'after', 'beforeEach', 'afterEach'];
const recordedVariants = ['skip', 'todo', 'only'];

const nodeTest = createRequire(import.meta.url)('node:test');
const { describe, test } = nodeTest;
/** The calls of the file that is loading; undefined when none is. */
let kept;

process.on('SIGTERM', () => {
  process.stderr.write(`still open: ${process.getActiveResourcesInfo().join(', ')}\n`);
  process.exit(1);
});
// Unlike `exit`, this does not come when a test calls process.exit().
process.once('beforeExit', () => writeSync(channel, '{"drained":true}\n'));
setInterval(() => writeSync(channel, '{"idle":true}\n'), beatMs).unref();

// `suite` is younger than Node.js 20.0.
for (const name of recordedNames.filter((one) => one in nodeTest)) nodeTest[name] = recording(nodeTest[name]);
syncBuiltinESMExports();
const suites = [];
for (const file of process.argv.slice(2)) suites.push([file, await load(file)]);
for (const [file, calls] of suites) {
  if (calls.length > 0) describe(file, () => calls.forEach((call) => void call()));
}

async function load(file) {
  kept = [];
  const calls = kept;
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    calls.push(() =>
      test('the file loads', () => {
        throw error;
      }),
    );
  }
  kept = undefined;
  return calls;
}

/** The function itself, but while a file loads its calls are kept for later. */
function recording(register) {
  return new Proxy(register, {
    apply(target, self, args) {
      if (kept === undefined) return Reflect.apply(target, self, args);
      kept.push(() => Reflect.apply(target, self, args));
      return undefined;
    },
    get(target, name) {
      const value = Reflect.get(target, name);
      return recordedVariants.includes(name) ? recording(value) : value;
    },
  });
}
