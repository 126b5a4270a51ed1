import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nearestName } from './nearest-name.js';

const names = ['port', 'host', 'max-memory', 'max-clients', 'max-clients-memory'];

it('nearestName finds what was meant', () => {
  for (const [given, meant] of [
    ['prot', 'port'],
    ['Port', 'port'],
    ['max-memry', 'max-memory'],
    ['maxmemory', 'max-memory'],
    ['max_memory', 'max-memory'],
    ['max-client', 'max-clients'],
    ['hots', 'host'],
    ['p', undefined],
    ['timeout', undefined],
    ['', undefined],
  ] as const) {
    assert.equal(nearestName(given, names), meant, given);
  }
});
