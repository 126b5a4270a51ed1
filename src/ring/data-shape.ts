/**
 * What foreign data must look like to become ours: a shape is a function from a value to a copy of it that has the type it
 * says, built field by field, with nothing else in it.
 *
 *   const point = fields<Point>({ x: aNumber, y: aNumber });
 *   readData(point, JSON.parse('{"x":1,"y":2}'), 'the point')   // Point | Refusal
 *
 * A field that is missing, unknown or of another type is a problem with its place in words: `shards[3].epoch is "x"`. Since only the
 * fields of the shape are copied, in its order, a name like __proto__ reaches no object of ours, and JSON of equal
 * values is equal text. Shapes say types only; what the values mean is checked by who knows it.
 */
import { type Refusal, refusal, shown } from './refusal.js';

/** Copies `value`, which stands at the place `at`, or adds to `problems` and returns anything. */
export type Shape<T> = (value: unknown, at: string, problems: string[]) => T;

/** A copy of the value in its shape, or what is wrong with it: the first problem, since the others mostly follow from it. */
export function readData<T extends object>(shape: Shape<T>, value: unknown, name: string): T | Refusal {
  const problems: string[] = [];
  const data = shape(value, name, problems);
  return problems.length > 0 ? refusal(problems.slice(0, 1)) : data;
}

export const aString: Shape<string> = (value, at, problems) => {
  if (typeof value === 'string') return value;
  problems.push(`${at} is ${shown(value)}: it is a string`);
  return '';
};

export function textOfAtMost(maxLength: number): Shape<string> {
  return (value, at, problems) => {
    const text = aString(value, at, problems);
    if (text.length > maxLength)
      problems.push(`${at} has ${text.length} characters: it has at most ${maxLength}`);
    return text;
  };
}

/** A number of any kind. A negative zero becomes zero, as in its text. */
export const aNumber: Shape<number> = (value, at, problems) => {
  if (typeof value === 'number') return value + 0;
  problems.push(`${at} is ${shown(value)}: it is a number`);
  return 0;
};

export const aBoolean: Shape<boolean> = (value, at, problems) => {
  if (typeof value === 'boolean') return value;
  problems.push(`${at} is ${shown(value)}: it is true or false`);
  return false;
};

/** What may be left out. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, at, problems) => (value === undefined ? undefined : shape(value, at, problems));
}

/** A list of at most so many. It is not read on after a problem. */
export function list<T>(shape: Shape<T>, maxLength: number): Shape<readonly T[]> {
  return (value, at, problems) => {
    if (!Array.isArray(value)) {
      problems.push(`${at} is ${shown(value)}: it is a list`);
      return [];
    }
    if (value.length > maxLength) {
      problems.push(`${at} has ${value.length} items: it has at most ${maxLength}`);
      return [];
    }
    const copy: T[] = [];
    for (let i = 0; i < value.length && problems.length === 0; i++) {
      copy.push(shape(value[i], `${at}[${i}]`, problems));
    }
    return copy;
  };
}

/** An object with these fields and no others. */
export function fields<T extends object>(shapes: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const names = Object.keys(shapes) as (keyof T & string)[];
  const known = new Set<string>(names);
  return (value, at, problems) => {
    const copy: Partial<T> = {};
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.push(`${at} is ${shown(value)}: it is an object`);
      return copy as T;
    }
    const unknown = Object.keys(value).find((name) => !known.has(name));
    if (unknown !== undefined) problems.push(`${at} has a field ${shown(unknown)}, which nobody knows`);
    for (const name of names) {
      const field = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
      copy[name] = shapes[name](field, `${at}.${name}`, problems);
    }
    return copy as T;
  };
}

/** Whether two values of JSON-like data are equal; a field that is undefined is as one left out. */
export function isEqualData(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => isEqualData(item, b[i]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) =>
    isEqualData(left[key], right[key]),
  );
}
