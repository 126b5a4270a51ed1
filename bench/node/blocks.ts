/**
 * Judges the blocks of our event loop: how much of each was ours?
 *
 *   block    |--------------------------------|      time between two ticks of the probe
 *   minus      [waited: another process had the core]
 *   minus                 [absent: nobody had it]    as the watch of the core saw it
 *   at most    the CPU time that the process used in it
 *
 * What is left is ours: running requests, the kernel's work for us, garbage collection, the compiler. The last two have
 * threads of their own, and with a single core to share the main thread waits for them: CPU time of the process that its
 * main thread did not use is taken to be the cause of as much waiting.
 */
import type { Absence } from '../load/core-watch.js';
import type { Block, ProbeReport } from './event-loop-probe.js';

export interface JudgedBlock extends Block {
  readonly absentMs: number;
  readonly ownMs: number;
}

export interface BlockFigures {
  /** The longest by what was ours. */
  readonly longest: readonly JudgedBlock[];
  readonly over10Ms: number;
  /** The longest, whoever's it was. */
  readonly worstWallMs: number;
  /** Time between two ticks that 99.9 % of them stay below, whoever's it was. */
  readonly p999Ms: number;
  readonly collections: ProbeReport['collections'];
}

const KEPT = 10;

export function judgeBlocks(report: ProbeReport, absences: readonly Absence[]): BlockFigures {
  const judged = report.blocks.map((block) => judge(block, absences)).sort((a, b) => b.ownMs - a.ownMs);
  return {
    longest: judged.slice(0, KEPT),
    over10Ms: judged.filter((block) => block.ownMs > 10).length,
    worstWallMs: judged.reduce((worst, block) => Math.max(worst, block.toMs - block.fromMs), 0),
    p999Ms: report.p999Ms,
    collections: report.collections,
  };
}

function judge(block: Block, absences: readonly Absence[]): JudgedBlock {
  const absentMs = absences.reduce((sum, absence) => sum + overlapMs(block, absence), 0);
  const cpuMs = block.userMs + block.systemMs;
  const helpersMs = Math.max(0, cpuMs - block.ranMs);
  const left = block.toMs - block.fromMs - Math.max(0, block.waitedMs - helpersMs) - absentMs;
  return { ...block, absentMs, ownMs: Math.max(0, Math.min(left, cpuMs)) };
}

function overlapMs(a: Absence, b: Absence): number {
  return Math.max(0, Math.min(a.toMs, b.toMs) - Math.max(a.fromMs, b.fromMs));
}
