/**
 * The one suite for all engines: every promise at the head of the port is tested here, for whatever keeps the values.
 *
 *   testEngine('nuthatch', startNodeWorld, { freesOnClose: true, readsPlainly: true, tracks: true });
 */
import { after, before, describe, test } from 'node:test';
import { fences } from './fences.js';
import { invalidations } from './invalidations.js';
import { leases } from './leases.js';
import { tracking } from './tracking.js';
import { trouble } from './trouble.js';
import { values } from './values.js';
import { type EngineTraits, type EngineWorld, Stage } from './world.js';

/** A part of the suite: what is tested, under a title each. */
export type Cases = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

export function testEngine(
  name: string,
  start: () => Promise<EngineWorld>,
  traits: EngineTraits,
  skip: string | false = false,
): void {
  describe(`engine over ${name}`, { skip }, () => {
    let world: EngineWorld;
    before(async () => {
      world = await start();
    });
    after(async () => {
      await world.stop();
    });
    const parts = [leases, fences, invalidations, values, trouble, ...(traits.tracks ? [tracking] : [])];
    for (const cases of parts) {
      for (const [title, body] of Object.entries<Cases[string]>(cases)) {
        test(title, async () => {
          const stage = new Stage(world, traits);
          try {
            await body(stage);
          } finally {
            stage.end();
          }
        });
      }
    }
  });
}
