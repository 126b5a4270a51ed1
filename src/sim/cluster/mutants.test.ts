import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  HOLDER_CLOCK_MUTANTS,
  MIND_MUTANTS,
  PLAN_MUTANTS,
  PROMISE_MUTANTS,
  REGISTER_MUTANTS,
  REPLICATION_MUTANTS,
  WRITE_LEASE_MUTANTS,
} from '../../cluster/index.js';
import { LOAD_MUTANTS } from './load-desk.js';
import { MUTANT_RULES, MUTANTS_ELSEWHERE } from './mutants.js';
import { SERVICE_MUTANTS } from './service.js';

test('every rule that can be left out has its words, and only those are found out elsewhere', () => {
  const all = new Set<string>([
    ...REGISTER_MUTANTS,
    ...PROMISE_MUTANTS,
    ...WRITE_LEASE_MUTANTS,
    ...HOLDER_CLOCK_MUTANTS,
    ...REPLICATION_MUTANTS,
    ...MIND_MUTANTS,
    ...PLAN_MUTANTS,
    ...SERVICE_MUTANTS,
    ...LOAD_MUTANTS,
  ]);
  assert.deepEqual(Object.keys(MUTANT_RULES).sort(), [...all].sort());
  for (const name of Object.keys(MUTANTS_ELSEWHERE)) assert.ok(all.has(name), name);
});
