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
 * There is no recursion, so a value nested a million deep does not overflow the stack. Cycles end: what was frozen
 * before it was met is looked through once, since it may hold what is not frozen; a Set remembers it. What this
 * call froze comes there only if it is met again, so that the usual tree from JSON needs no Set and is looked
 * through once, and anything at most twice.
 */

/** Freezes `value` and all that it leads to, as told above. Returns whether nothing of it can be changed now. */
export function freezeDeep(value: unknown): boolean {
  const waiting: object[] = [];
  const metFrozen = new Set<object>();
  let isImmutable = true;

  const meet = (met: unknown): void => {
    if (typeof met !== 'object' || met === null) return;
    if (Object.isFrozen(met)) {
      if (metFrozen.has(met)) return;
      metFrozen.add(met);
    }
    if (freezeOne(met)) waiting.push(met);
    else isImmutable = false;
  };

  meet(value);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) meetContents(next, meet);
  return isImmutable;
}

function meetContents(object: object, meet: (value: unknown) => void): void {
  if (object instanceof Map || object instanceof Set) {
    for (const [key, value] of object.entries()) {
      meet(key);
      meet(value);
    }
  }
  for (const name of Reflect.ownKeys(object)) meet(Object.getOwnPropertyDescriptor(object, name)?.value);
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
