/** A process of `npm run sim`: runs the seeds that its parent names, until that hangs up. See seeds.ts. */
import { runRange, type WorkerQuestion } from './seeds.js';

process.on('message', ({ chunk, options }: WorkerQuestion) => {
  process.send?.(runRange(chunk, options));
});
