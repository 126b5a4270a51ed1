/**
 * Scenario `start`: from the start of the process to its first reply, which a new connection asks for every
 * millisecond. The servers take turns.
 */
import { type Spread, spread } from '../statistics.js';
import type { NodeBenchOptions } from './options.js';
import type { Progress } from './progress.js';
import { type Contender, startServer } from './servers.js';

export interface StartFigures {
  readonly server: string;
  readonly startMs: Spread;
}

const MAX_MEMORY_BYTES = 1024 ** 3;
const ROUNDS = 9;

export async function runStart(
  contenders: readonly Contender[],
  options: NodeBenchOptions,
  progress: Progress,
): Promise<StartFigures[]> {
  const rounds = contenders.map((): number[] => []);
  for (let round = 0; round < (options.rounds ?? ROUNDS); round++) {
    for (const [index, contender] of contenders.entries()) {
      const server = await startServer(contender, {
        core: options.serverCore,
        maxMemoryBytes: MAX_MEMORY_BYTES,
      });
      rounds[index]?.push(server.startMs);
      await server.stop();
    }
  }
  const figures = contenders.map((contender, index) => ({
    server: contender.name,
    startMs: spread(rounds[index] as number[]),
  }));
  for (const figure of figures) progress.start(figure);
  return figures;
}
