/** What is printed while the bench runs: passing notes on a terminal, and a line for each figure that stands. */
import type { SpinResult } from '../load/spin.js';
import type { Spread } from '../statistics.js';
import type { JudgedBlock } from './blocks.js';
import type { CpuCheck, CpuPoint } from './cpu.js';
import type { ExpiryFigures } from './expiry.js';
import type { LimitFigures } from './limit.js';
import type { MemoryFigures } from './memory.js';
import type { PauseFigures } from './pauses.js';
import type { StartFigures } from './start.js';

const MB = 1024 * 1024;

export class Progress {
  readonly #terminal = process.stderr.isTTY === true;

  /** A passing note: on a terminal the next line overwrites it, elsewhere it is not shown. */
  note(text: string): void {
    if (this.#terminal) process.stderr.write(`\r\x1b[K${text}`);
  }

  line(text: string): void {
    if (this.#terminal) process.stderr.write('\r\x1b[K');
    console.log(text);
  }

  point(point: CpuPoint): void {
    for (const [index, figures] of point.servers.entries()) {
      const { perSecond, p50Us, p99Us, rounds } = figures;
      const busy = Math.min(...rounds.map((round) => round.serverBusy));
      this.line(
        [
          (index === 0 ? `${point.traffic} P${point.pipeline} ${point.valueBytes} B` : '').padEnd(24),
          cpuText(figures),
          `${Math.round(perSecond.median / 1000)} k/s`.padStart(9),
          `p50 ${p50Us.median.toFixed(0)} p99 ${p99Us.median.toFixed(0)} us`.padEnd(24),
          `busy ${(busy * 100).toFixed(0)} %`.padEnd(10),
          ratioText(figures.ourRatio),
        ].join(' '),
      );
    }
  }

  check(check: CpuCheck): void {
    for (const figures of check.servers) {
      this.line(['  redis-benchmark:'.padEnd(24), cpuText(figures), ratioText(figures.ourRatio)].join(' '));
    }
  }

  memory(figures: MemoryFigures): void {
    const { server, lifetime, keys, residentBytes, emptyBytes, perKey, perKeyAboveStarted } = figures;
    this.line(
      `memory ${server.padEnd(10)} ${lifetime ? 'with a lifetime   ' : 'without a lifetime'} ${keys / 1e6} M keys: ` +
        `${perKey.toFixed(1)} B/key (${perKeyAboveStarted.toFixed(1)} above the process just started; ` +
        `${mb(residentBytes)} resident, ${mb(emptyBytes)} empty)`,
    );
  }

  spin(spin: SpinResult): void {
    this.line(
      `noise: an empty spin of ${spin.seconds} s was away ${spin.worstGapMs.toFixed(1)} ms at worst, ` +
        `${spin.gapsOverMs} times over 1 ms`,
    );
  }

  pauses(figures: PauseFigures): void {
    const { server, phase, client, loop, coreAwayMs, keysBefore, keysAfter, expired, evicted } = figures;
    this.line(
      `${phase} ${server}: ${keysBefore} -> ${keysAfter} keys, ${expired} expired, ${evicted} evicted`,
    );
    if (client !== undefined) {
      this.line(
        `  client ${client.perSecond}/s: p50 ${ms(client.p50Us)} p99 ${ms(client.p99Us)} p99.9 ${ms(client.p999Us)} ` +
          `max ${ms(client.maxUs)} ms (the generator was away ${client.worstGapMs.toFixed(1)} ms at worst, ` +
          `the core of the server ${coreAwayMs.toFixed(1)} ms), ` +
          `${client.misses} misses`,
      );
    }
    if (loop !== undefined) {
      const { collections } = loop;
      const blocks = loop.longest.slice(0, 3).map(blockText);
      this.line(
        `  event loop: longest blocks of ours ${blocks.join(', ') || 'below 2'} ms, ${loop.over10Ms} over 10 ms; ` +
          `with what was not ours ${loop.worstWallMs.toFixed(1)} ms; ${collections.count} collections, ` +
          `${collections.totalMs.toFixed(0)} ms in all, worst ${collections.worstMs.toFixed(1)} ms`,
      );
    }
  }

  limit(figures: LimitFigures): void {
    const { server, minutes, mostResidentBytes, maxMemoryBytes, liveShare, dataShareAtEnd, load } = figures;
    this.line(
      `limit ${server}: ${minutes} min, ${load.sets} SETs, ${load.gets} GETs, ${figures.evicted} evicted; ` +
        `resident at most ${mb(mostResidentBytes)} (limit ${mb(maxMemoryBytes)}, ` +
        `${mb(mostResidentBytes - maxMemoryBytes)} above it)`,
    );
    const share = (text: string, one: Spread | undefined): string =>
      one === undefined ? '' : `${text} ${percent(one.median)} (${percent(one.min)}-${percent(one.max)}), `;
    this.line(
      `  of the limit: ${share('used', figures.usedShare)}${share('live', liveShare)}` +
        `keys and values at the end ${percent(dataShareAtEnd)} in ${figures.keysAtEnd} keys`,
    );
  }

  expiry(figures: ExpiryFigures): void {
    const { server, deadShare, quietDeadShare, alive, cpuShare, controlCpuShare, price } = figures;
    this.line(
      `expiry ${server}: ${alive.median} alive, dead ${percent(deadShare.median)} of the resident ` +
        `(${percent(deadShare.min)}-${percent(deadShare.max)}), ${percent(quietDeadShare)} when quiet; ` +
        `${percent(cpuShare)} of a core, ${percent(controlCpuShare)} when nothing dies: expiry ${percent(price)}`,
    );
  }

  start(figures: StartFigures): void {
    const { min, median, max } = figures.startMs;
    this.line(
      `start ${figures.server.padEnd(10)} ${median.toFixed(0)} ms to the first reply ` +
        `(${min.toFixed(0)}-${max.toFixed(0)})`,
    );
  }
}

function cpuText(figures: CpuCheck['servers'][number]): string {
  const { min, median, max } = figures.cpuUsPerOperation;
  const text = `${median.toFixed(2)} us/op (${min.toFixed(2)}-${max.toFixed(2)})`;
  return `${figures.server.padEnd(10)} ${text.padEnd(27)}`;
}

function ratioText(ratio: Spread | undefined): string {
  if (ratio === undefined) return '';
  return `ours/its ${ratio.median.toFixed(3)} (${ratio.min.toFixed(3)}-${ratio.max.toFixed(3)})`;
}

function blockText(block: JudgedBlock): string {
  return `${block.ownMs.toFixed(1)} (kernel ${block.systemMs.toFixed(1)}, GC ${block.gcMs.toFixed(1)})`;
}

function mb(bytes: number): string {
  return `${Math.round(bytes / MB)} MB`;
}

function ms(us: number): string {
  return (us / 1000).toFixed(2);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
