/**
 * A process that writes states into a meta folder as fast as it can and says the number of each that is kept, until it is killed.
 *
 *   node writer-child.testkit.js FOLDER
 */
import { writeSync } from 'node:fs';
import { MetaFolder } from './meta-folder.js';
import { stateOf } from './states.testkit.js';

const meta = await MetaFolder.open(process.argv[2] as string);
writeSync(1, `life ${meta.incarnation}\n`);
for (let number = meta.saved.term + 1; ; number++) {
  await meta.write(stateOf(number));
  writeSync(1, `kept ${number}\n`);
}
