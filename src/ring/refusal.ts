/** Expected trouble, as a value: what was wrong, with the value, and what to do, in one sentence for people. */
export interface Refusal {
  readonly refused: string;
}

export function isRefusal(result: object): result is Refusal {
  return 'refused' in result;
}

/** The first problems of many; who has more has one cause for them. */
export function refusal(problems: readonly string[]): Refusal {
  return { refused: problems.join('; ') };
}

/** A value in a message: quoted if it is text, and never longer than a line can take. */
export function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
