import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvariantError } from '../base/index.js';
import { Circle, MAX_OWNERS, POSITIONS } from './circle.js';

interface Point {
  readonly position: number;
  readonly owner: number;
}

/** Few positions, so that many are taken twice, and those at which signs and ends go wrong. */
const position = fc.constantFrom(0, 1, 2, 5, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, POSITIONS - 2, POSITIONS - 1);
const ownerCount = 5;
const points = fc.array(fc.record({ position, owner: fc.nat(ownerCount - 1) }), {
  minLength: 1,
  maxLength: 12,
});

function circleOf(points: readonly Point[]): Circle {
  return new Circle(
    Uint32Array.from(points, (point) => point.position),
    Uint16Array.from(points, (point) => point.owner),
    ownerCount,
  );
}

/** All points in the order in which they are met from a position on, the nearest first. */
function clockwise(points: readonly Point[], from: number): Point[] {
  const distance = ({ position }: Point) => (position - from + POSITIONS) % POSITIONS;
  return [...points].sort((a, b) => distance(a) - distance(b) || a.owner - b.owner);
}

test('a position belongs to the next point clockwise', () => {
  fc.assert(
    fc.property(points, position, (points, from) => {
      const circle = circleOf(points);
      assert.equal(circle.points, points.length);
      assert.equal(circle.ownerAt(from | 0), clockwise(points, from)[0].owner);
    }),
    { numRuns: 1000 },
  );
});

test('owners are found clockwise, each once', () => {
  fc.assert(
    fc.property(points, position, fc.integer({ min: 1, max: ownerCount + 1 }), (points, from, count) => {
      const owners = [...new Set(clockwise(points, from).map(({ owner }) => owner))];
      assert.deepEqual(circleOf(points).ownersAt(from | 0, count), owners.slice(0, count));
    }),
    { numRuns: 1000 },
  );
});

test('the order in which points are given changes nothing, and the positions of all owners are all there are', () => {
  fc.assert(
    fc.property(points, position, (points, from) => {
      const circle = circleOf(points);
      const reversed = circleOf([...points].reverse());
      assert.deepEqual(circle.ownersAt(from | 0, ownerCount), reversed.ownersAt(from | 0, ownerCount));
      assert.deepEqual(circle.positionsOfOwners(), reversed.positionsOfOwners());
      assert.equal(
        circle.positionsOfOwners().reduce((a, b) => a + b),
        POSITIONS,
      );
    }),
  );
});

test('an owner has the arcs before its points, each with the point itself', () => {
  const circle = circleOf([
    { position: 10, owner: 2 },
    { position: 2 ** 31 + 10, owner: 0 },
    { position: 2 ** 31 + 10, owner: 1 },
  ]);
  assert.deepEqual([...circle.positionsOfOwners()], [2 ** 31, 0, 2 ** 31, 0, 0]);
});

test('the largest owner fits beside the largest position', () => {
  const owner = MAX_OWNERS - 1;
  const circle = new Circle(Uint32Array.of(POSITIONS - 1, 0), Uint16Array.of(owner, 0), MAX_OWNERS);
  assert.equal(circle.ownerAt(-1), owner);
  assert.equal(circle.ownerAt(0), 0);
});

test('a circle without points, or with a point that nobody owns, is a defect', () => {
  assert.throws(() => new Circle(new Uint32Array(0), new Uint16Array(0), 1), InvariantError);
  assert.throws(() => new Circle(Uint32Array.of(1, 2), Uint16Array.of(0), 1), InvariantError);
  assert.throws(() => new Circle(Uint32Array.of(1), Uint16Array.of(1), 1), InvariantError);
  assert.throws(() => new Circle(Uint32Array.of(1), Uint16Array.of(0), MAX_OWNERS + 1), InvariantError);
});
