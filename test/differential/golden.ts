/** Plays a scenario whose replies are written in it. */
import { FrameScanner, show } from '../kit/frames.js';
import type { TestServer } from '../kit/servers.js';
import { type Names, rules } from './compare.js';
import { Side } from './runner.js';
import type { Scenario, Step } from './script.js';

export async function playGolden(
  scenario: Scenario,
  protocol: 2 | 3,
  node: TestServer,
): Promise<{ readonly commands: number; readonly mismatches: readonly string[] }> {
  const side = await Side.start(node, protocol);
  const mismatches: string[] = [];
  try {
    for (const step of scenario.steps) {
      const received = await side.perform(step, Date.now());
      const golden = step.golden[protocol] ?? '';
      if (golden === '' && step.frames > 0) throw new Error(`${step.source} has no reply`);
      if (!received.problem && agrees(step, received.frames, golden, side.names())) continue;
      const reply = Buffer.concat(received.frames);
      mismatches.push(
        `${step.source} [RESP${protocol}] ${show(reply)} ${received.problem ?? ''} instead of ${show(golden)}`,
      );
    }
  } finally {
    await side.end();
  }
  return { commands: scenario.steps.length, mismatches };
}

function agrees(step: Step, frames: readonly Buffer[], golden: string, names: Names): boolean {
  if (step.rule === 'exact') return Buffer.concat(frames).toString('latin1') === golden;
  const expected = new FrameScanner().feed(Buffer.from(golden, 'latin1'));
  return rules[step.rule](expected, frames, { redisNames: names, nodeNames: names, slackMs: 0 });
}
