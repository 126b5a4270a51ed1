/**
 * Draws from a seed, and streams of them: each purpose has a generator of its own, so that what one part draws more or less of
 * does not change what the others get. What is keyed by a name and a number is the same whatever happened before.
 */
import { Random, type RandomSource } from '../base/index.js';

/** A generator for that purpose. */
export function stream(seed: number, purpose: string): Random {
  return new Random(mixed(seed, textHash(purpose)));
}

/** A number from 0 (included) to 1 (excluded) that depends on nothing but these. */
export function keyedFraction(seed: number, key: number, number: number): number {
  return mixed(mixed(seed, key), number) / 4294967296;
}

export function chance(random: Random, probability: number): boolean {
  return random.fraction() < probability;
}

/** An integer, both ends included. */
export function between(random: Random, least: number, most: number): number {
  return least + random.below(most - least + 1);
}

/** Small values as often as large ones: 1 to 10 as often as 10 to 100. Both are above 0. */
export function spread(random: Random, least: number, most: number): number {
  return least * (most / least) ** random.fraction();
}

export function pick<T>(random: RandomSource, choices: readonly T[]): T {
  return choices[random.below(choices.length)];
}

/** Each with that probability, in their order. */
export function some<T>(random: Random, choices: readonly T[], probability: number): T[] {
  return choices.filter(() => chance(random, probability));
}

/** FNV-1a over UTF-16 units. */
export function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Two numbers to 32 bits: splitmix32's mixing of them. */
export function mixed(a: number, b: number): number {
  let z = (a ^ Math.imul(b, 0x9e3779b9)) + 0x9e3779b9;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}
