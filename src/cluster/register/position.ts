/**
 * Where a value stands among all that were ever published: first by the term of the leader that published it, then by its
 * version. A leader publishes one value for a version, so that a position names one value.
 */
export interface Position {
  readonly term: number;
  readonly version: number;
}

/** Whether `a` is later than `b`; undefined is before all. */
export function isAbove(a: Position | undefined, b: Position | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined;
  return a.term > b.term || (a.term === b.term && a.version > b.version);
}

export function isSamePosition(a: Position | undefined, b: Position | undefined): boolean {
  return a?.term === b?.term && a?.version === b?.version;
}

/** For people: 't3 v17'. */
export function positionText(position: Position | undefined): string {
  return position === undefined ? 'nothing' : `t${position.term} v${position.version}`;
}
