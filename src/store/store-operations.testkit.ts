/** What the property test of the store does to it, at random: few keys, tiny pages, all lengths. */
import fc from 'fast-check';

const KEYS = 120;

export interface Shape {
  readonly pages: number;
  readonly pageBytes: number;
  readonly chunkBytes: number;
  readonly longKeys: boolean;
  /** With one, keys are counted per slot too. */
  readonly databases: number;
  readonly firstPage: number;
}

export type Operation =
  | { kind: 'set' | 'load'; db: number; key: number; length: number; ttl: number }
  | { kind: 'read' | 'find' | 'remove'; db: number; key: number }
  | { kind: 'expire' | 'soften'; db: number; key: number; ttl: number }
  | { kind: 'resize'; db: number; key: number; length: number }
  | { kind: 'write'; db: number; key: number; at: number; length: number }
  | { kind: 'copy'; db: number; key: number; toDb: number; to: number }
  | { kind: 'flush'; db: number }
  | { kind: 'swap'; db: number; to: number }
  | { kind: 'wait'; ms: number }
  | { kind: 'budget'; pages: number; external: number }
  | { kind: 'flushAll' | 'sample' | 'reclaim' | 'walk' };

const key = fc.nat(KEYS - 1);
const ttl = fc.constantFrom(0, 0, 1, 5, 50);

export function operations({ pageBytes, databases }: Omit<Shape, 'pages'>): fc.Arbitrary<Operation> {
  const db = fc.nat(databases - 1);
  const length = fc.oneof(
    { weight: 8, arbitrary: fc.nat(pageBytes / 8) },
    { weight: 4, arbitrary: fc.nat(pageBytes) },
    { weight: 2, arbitrary: fc.nat(pageBytes * 6) },
  );
  const of = <K extends Operation['kind']>(kind: K) => fc.constant(kind);
  return fc.oneof(
    { weight: 48, arbitrary: fc.record({ kind: of('set'), db, key, length, ttl }) },
    { weight: 16, arbitrary: fc.record({ kind: of('load'), db, key, length, ttl }) },
    { weight: 4, arbitrary: fc.record({ kind: of('soften'), db, key, ttl }) },
    { weight: 16, arbitrary: fc.record({ kind: of('read'), db, key }) },
    { weight: 4, arbitrary: fc.record({ kind: of('find'), db, key }) },
    { weight: 12, arbitrary: fc.record({ kind: of('remove'), db, key }) },
    { weight: 12, arbitrary: fc.record({ kind: of('expire'), db, key, ttl }) },
    { weight: 12, arbitrary: fc.record({ kind: of('resize'), db, key, length }) },
    { weight: 8, arbitrary: fc.record({ kind: of('write'), db, key, at: fc.nat(pageBytes), length }) },
    { weight: 8, arbitrary: fc.record({ kind: of('copy'), db, key, toDb: db, to: key }) },
    { weight: 8, arbitrary: fc.record({ kind: of('wait'), ms: fc.nat(6) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom('sample' as const, 'reclaim' as const, 'walk' as const) }),
    },
    { weight: 4, arbitrary: fc.record({ kind: of('swap'), db, to: db }) },
    { weight: 1, arbitrary: fc.record({ kind: of('flush'), db }) },
    { weight: 1, arbitrary: fc.record({ kind: of('flushAll') }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: of('budget'),
        pages: fc.integer({ min: 20, max: 28 }),
        external: fc.constantFrom(0, 0, pageBytes * 2),
      }),
    },
  ) as fc.Arbitrary<Operation>;
}
