/** Numbers as people read them: short, rounded, three digits that matter. */

const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;
const COUNT_UNITS = ['', 'k', 'M', 'G', 'T'] as const;

/** 11.8 GB, by 1024. */
export function readableBytes(bytes: number): string {
  const [digits, unit] = scaled(bytes, 1024, BYTE_UNITS);
  return `${digits} ${unit}`;
}

/** 12.3k, by 1000. */
export function readableCount(count: number): string {
  return scaled(count, 1000, COUNT_UNITS).join('');
}

/** 98.2%, and "-" for a share of nothing. */
export function readableShare(part: number, whole: number): string {
  if (whole === 0) return '-';
  const percent = (100 * part) / whole;
  return percent === 100 ? '100%' : `${(Math.floor(percent * 10) / 10).toFixed(1)}%`;
}

function scaled<T extends string>(
  value: number,
  step: number,
  units: readonly T[],
): [digits: string, unit: T] {
  let scale = 0;
  let rest = value;
  // 999.6 would be shown as 1000.
  while (scale < units.length - 1 && Math.round(rest) >= step) {
    rest /= step;
    scale++;
  }
  const digits = scale === 0 || rest >= 99.95 ? Math.round(rest).toString() : rest.toFixed(1);
  return [digits, units[scale]];
}
