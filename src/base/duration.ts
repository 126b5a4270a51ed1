/**
 * Durations as users write them: a number of milliseconds, or a number with a unit: `'250ms'`, `'5m'`, `'1.5h'`.
 */

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export type DurationUnit = keyof typeof unitMs;

/** Milliseconds, or a number with one of the units ms, s, m, h, d. */
export type Duration = number | `${number}${DurationUnit}`;

/** What a text may look like, for messages. */
export const DURATION_FORMS = "milliseconds, or a number with ms, s, m, h or d such as '5m'";

/** Milliseconds of a duration; NaN when it is none. A fraction of a unit is fine, a sign is too. */
export function durationMs(duration: Duration): number {
  if (typeof duration === 'number') return duration;
  return quantity(duration, unitMs);
}

/** A number followed by one of the units; NaN for everything else. */
export function quantity(text: unknown, units: Readonly<Record<string, number>>): number {
  if (typeof text !== 'string') return Number.NaN;
  let end = text.length;
  while (end > 0 && isLetter(text.charCodeAt(end - 1))) end--;
  const unit = text.slice(end).toLowerCase();
  const digits = text.slice(0, end);
  if (!Object.hasOwn(units, unit) || !/^-?(\d+\.?\d*|\.\d+)$/.test(digits)) return Number.NaN;
  return Number(digits) * (units[unit] as number);
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
