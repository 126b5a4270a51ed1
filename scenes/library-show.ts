/** A scene of the client library, played for several ways at once: each has its stage. */
import { RIVALS_REMEDY } from '../bench/rival-packages.js';
import type { Facts, Scene } from './scene.js';
import type { Screen } from './screen.js';
import type { Show } from './show.js';
import { Stage, serverFor } from './stage.js';
import { summaries, type WayName, wayNames, waysHere } from './ways.js';

export function libraryShow(scene: Scene): Show {
  return {
    title: scene.title,
    story: scene.story,
    reality: 'The cache servers and the processes are real; the database counts, and lets time pass.',
    ways: wayNames,
    problem: () => undefined,
    here: () => {
      const ways = waysHere();
      const isWhole = ways.includes('bentocache');
      return { ways, missing: isWhole ? [] : [`bentocache is not shown; to have it: ${RIVALS_REMEDY}`] };
    },
    summaryOf: (way) => {
      const { name, version } = serverFor(way as WayName);
      return `${summaries[way as WayName]}; ${name} ${version}`;
    },
    play: (ways, screen) => play(scene, ways as readonly WayName[], screen),
  };
}

async function play(scene: Scene, ways: readonly WayName[], screen: Screen): Promise<Facts[]> {
  const stages = await Promise.all(ways.map((way, column) => Stage.set(way, scene.stage, screen, column)));
  try {
    for (const stage of stages) await scene.prepare?.(stage);
    screen.begin();
    return await Promise.all(stages.map((stage) => scene.play(stage)));
  } finally {
    screen.close();
    await Promise.all(stages.map((stage) => stage.clear()));
  }
}
