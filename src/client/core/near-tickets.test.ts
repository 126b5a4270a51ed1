import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NearTickets } from './near-tickets.js';

test('keys that share a bucket void the tickets of each other, and are never kept', () => {
  const tickets = new NearTickets(1);
  const ticket = tickets.draw();
  assert.ok(tickets.isGood(ticket, 'a', 0));
  tickets.noteKey('b');
  assert.ok(!tickets.isGood(ticket, 'a', 0));
  assert.ok(tickets.isGood(tickets.draw(), 'a', 0));
  tickets.verify();
});

test('a ticket holds for one node and not for another', () => {
  const tickets = new NearTickets(64);
  const ticket = tickets.draw();
  tickets.noteNode(3);
  assert.ok(!tickets.isGood(ticket, 'a', 3));
  assert.ok(tickets.isGood(ticket, 'a', 2));
  tickets.noteAll();
  assert.ok(!tickets.isGood(ticket, 'a', 2));
});

test('keys are spread over the buckets, whatever they look like', () => {
  const shapes: ((n: number) => string)[] = [
    (n) => `user:${n}`,
    (n) => `${n}:profile`,
    (n) => `/products/${n.toString(36)}.html`,
    (n) => String.fromCharCode(0x4e00 + n),
  ];
  for (const shape of shapes) {
    const tickets = new NearTickets(1024);
    const counts = new Uint32Array(1024);
    for (let n = 0; n < 16_384; n++) counts[tickets.bucketOf(shape(n))]++;
    // 16 a bucket, and a chance of 1 in 100,000 for more than 40 of a random hash.
    assert.ok(Math.max(...counts) <= 40, `${shape(1)}: ${Math.max(...counts)} keys in a bucket`);
  }
});
