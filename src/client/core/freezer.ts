/**
 * Makes a decoded value immutable, so that all who read it from the near cache can be given the same one.
 *
 *   what is met                      what is done
 *   -----------------------------    --------------------------------------------------------------------------
 *   plain object, array, instance    frozen, with everything that its own properties lead to (hidden ones and
 *   of a class                       symbols too); a getter is not called
 *   Map, Set                         its keys and values are frozen; `set`, `add`, `delete` and `clear` of this
 *                                    one throw a TypeError
 *   Date                             its setters throw a TypeError
 *   function                         left alone: it is code of the application, not data
 *   typed array, Buffer, DataView,   left alone: JavaScript cannot freeze bytes
 *   ArrayBuffer
 *   RegExp with the flag g or y      left alone: frozen it could not search
 *
 * The answer says whether all of it is immutable now. It is false when something was left alone that a reader can
 * change, or when a Map, Set or Date was made non-extensible by somebody before its methods could be blocked: then
 * each reader needs a value of its own. Private fields, and what a WeakMap holds, cannot be seen and are not judged.
 *
 * There is no recursion, so a value nested a million deep does not overflow the stack. Each object is looked through
 * once, so cycles end and what is shared is not counted twice. That it is frozen already does not spare it: it may
 * hold what is not.
 */
import { arrayBytes, HeapMeter, primitiveBytes } from './heap-bytes.js';

/** What became of a value that was to be frozen. */
export interface Frozen {
  /** Whether nothing of it can be changed now; if not, its readers must not share it. */
  readonly isImmutable: boolean;
  /** What it takes on the heap, as heap-bytes.ts counts. What several of its parts share is counted once. */
  readonly bytes: number;
}

/** Freezes values and counts their bytes. It is one for all values, since it remembers shapes to count them once. */
export class Freezer {
  readonly #meter = new HeapMeter();

  /**
   * Freezes what `JSON.parse` gave without a reviver: a tree of plain objects and arrays, so that nothing needs to be
   * remembered or asked about. It takes about as long as the parsing, a third to a twenty-fifth of what `freezeDeep` takes.
   */
  freezeJson(value: unknown): Frozen {
    const waiting: object[] = [];
    let bytes = takeJson(value, waiting);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (Array.isArray(next)) {
        bytes += arrayBytes(next.length);
        for (const part of next) bytes += takeJson(part, waiting);
      } else {
        const names = Object.keys(next);
        bytes += this.#meter.objectBytes(next, names);
        for (const name of names) bytes += takeJson((next as Record<string, unknown>)[name], waiting);
      }
      Object.freeze(next);
    }
    return { isImmutable: true, bytes };
  }

  /** Freezes `value`, which may be anything, and all that it leads to, as told above. */
  freezeDeep(value: unknown): Frozen {
    const met = new Set<object>();
    const waiting: object[] = [];
    let isImmutable = true;
    let bytes = 0;

    const meet = (part: unknown): void => {
      if (typeof part !== 'object' || part === null) {
        bytes += primitiveBytes(part);
        return;
      }
      if (met.has(part)) return;
      met.add(part);
      if (freezeOne(part)) {
        waiting.push(part);
        return;
      }
      isImmutable = false;
      bytes += this.#meter.objectBytes(part, []);
    };

    meet(value);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const names = Reflect.ownKeys(next);
      bytes += this.#meter.objectBytes(next, names);
      if (next instanceof Map || next instanceof Set) meetItems(next, meet);
      for (const name of names) meet(Object.getOwnPropertyDescriptor(next, name)?.value);
    }
    return { isImmutable, bytes };
  }
}

/** Keeps an object for later; of anything else gives the bytes. */
function takeJson(part: unknown, waiting: object[]): number {
  if (typeof part !== 'object' || part === null) return primitiveBytes(part);
  waiting.push(part);
  return 0;
}

function meetItems(collection: Map<unknown, unknown> | Set<unknown>, meet: (value: unknown) => void): void {
  for (const [key, value] of collection.entries()) {
    meet(key);
    if (value !== key) meet(value);
  }
}

/** Freezes one object, not what it leads to. Returns whether it cannot be changed now; if not, it is left alone. */
function freezeOne(object: object): boolean {
  const kind = kindOf(object);
  if (kind === 'ArrayBuffer') return false;
  if (kind === 'RegExp' && /[gy]/.test((object as RegExp).flags)) return false;
  const names = mutators[kind];
  if (names !== undefined) {
    if (!Object.isExtensible(object)) return ownValue(object, names[0]) === refuse;
    for (const name of names) Object.defineProperty(object, name, refusal);
  }
  Object.freeze(object);
  return true;
}

/** The methods that change what is no property of the object. */
const mutators: Readonly<Record<string, readonly string[] | undefined>> = {
  Map: ['set', 'delete', 'clear'],
  Set: ['add', 'delete', 'clear'],
  Date: [
    'setTime',
    ...['Milliseconds', 'Seconds', 'Minutes', 'Hours', 'Date', 'Month', 'FullYear'].flatMap((part) => [
      `set${part}`,
      `setUTC${part}`,
    ]),
    'setYear',
  ],
};

function refuse(): never {
  throw new TypeError(
    'This value comes from the near cache and is shared by all its readers: change a copy of it, as structuredClone makes one.',
  );
}

const refusal: PropertyDescriptor = { value: refuse };

function kindOf(object: object): string {
  const prototype = Object.getPrototypeOf(object);
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return 'Object';
  if (ArrayBuffer.isView(object)) return 'ArrayBuffer';
  if (object instanceof Map) return 'Map';
  if (object instanceof Set) return 'Set';
  // As the built-in classes name themselves: also for their subclasses and those of other realms.
  const name = Object.prototype.toString.call(object).slice('[object '.length, -1);
  return name === 'SharedArrayBuffer' ? 'ArrayBuffer' : name;
}

function ownValue(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}
