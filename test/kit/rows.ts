/**
 * Rows of numbers: how a process tells another of its operations, of which there are millions. Each row is as many numbers as its
 * kind has fields; who reads them knows how many.
 */

/** The machine's monotonic clock, which all processes share. */
export const nowNs = (): number => Number(process.hrtime.bigint());

/** Collects rows until they are taken. */
export class Rows {
  #numbers: number[] = [];

  add(...fields: number[]): void {
    this.#numbers.push(...fields);
  }

  /** All rows since the last time. */
  take(): Float64Array {
    const rows = Float64Array.from(this.#numbers);
    this.#numbers = [];
    return rows;
  }
}

/** Each row as a view of its fields. */
export function* eachRow(numbers: Float64Array, fields: number): Generator<Float64Array> {
  for (let at = 0; at < numbers.length; at += fields) yield numbers.subarray(at, at + fields);
}
