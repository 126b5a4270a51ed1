/**
 * The clocks of one host, as functions of true time. Each runs at a rate of its own, within rho of the true one.
 *
 *   monotonic   never goes back; stands still while the host is suspended; may begin anew with a life, as after a reboot
 *   wall        goes on while it is suspended; jumps
 *   holder      since the last look, the larger advance of the two: a jump forward is not told from a suspend
 *
 * It is not simulated that a wall clock is set back between a suspend and the next look of who lives there: by as much as the suspend took it would
 * hide it, and no clock would show either. Nor is a guest that its hypervisor stops with all its clocks.
 */
import type { Random } from '../base/index.js';
import type { HostClocks } from './program.js';

export class SimClocks {
  readonly #random: Random;
  /** Rates are within that of 1. */
  readonly #drift: number;
  #monotonicMs: number;
  #wallMs: number;
  #holderMs: number;
  #monotonicRate = 1;
  #wallRate = 1;
  #isSuspended = false;
  /** It was suspended since its clocks were read. */
  #hasUnseenSuspend = false;
  #lookUs = 0;

  constructor(random: Random, drift: number) {
    this.#random = random;
    this.#drift = drift;
    this.#monotonicMs = random.below(10_000_000);
    this.#wallMs = 1_700_000_000_000 + random.below(10_000);
    this.#holderMs = this.#monotonicMs;
    this.changeRates(0);
  }

  read(nowUs: number): HostClocks {
    this.#look(nowUs);
    this.#hasUnseenSuspend = this.#isSuspended;
    return { monotonicMs: this.#monotonicMs, holderMs: this.#holderMs, wallMs: this.#wallMs };
  }

  suspend(nowUs: number): void {
    this.#look(nowUs);
    this.#isSuspended = true;
    this.#hasUnseenSuspend = true;
  }

  resume(nowUs: number): void {
    this.#look(nowUs);
    this.#isSuspended = false;
  }

  /** The wall clock is set, forward or back; not back before a suspend was seen. */
  jump(nowUs: number, byMs: number): void {
    this.#look(nowUs);
    if (byMs < 0 && this.#hasUnseenSuspend) return;
    this.#wallMs += byMs;
    if (byMs > 0) this.#holderMs += byMs;
  }

  /** New rates; half of the time at an end of what is allowed. */
  changeRates(nowUs: number): void {
    this.#look(nowUs);
    this.#monotonicRate = this.#drawRate();
    this.#wallRate = this.#drawRate();
  }

  /** A new life has begun; after a reboot the monotonic clock has too. */
  begin(nowUs: number, isReboot: boolean): void {
    this.#look(nowUs);
    if (isReboot) this.#monotonicMs = this.#random.below(1000);
    this.#holderMs = this.#monotonicMs;
  }

  #drawRate(): number {
    const at = this.#random.fraction();
    if (at < 0.25) return 1 - this.#drift;
    if (at < 0.5) return 1 + this.#drift;
    return 1 + this.#drift * (2 * this.#random.fraction() - 1);
  }

  #look(nowUs: number): void {
    const passedMs = (nowUs - this.#lookUs) / 1000;
    const monotonicMs = this.#isSuspended ? 0 : passedMs * this.#monotonicRate;
    const wallMs = passedMs * this.#wallRate;
    this.#lookUs = nowUs;
    this.#monotonicMs += monotonicMs;
    this.#wallMs += wallMs;
    this.#holderMs += Math.max(monotonicMs, wallMs);
  }
}
