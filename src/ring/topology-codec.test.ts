import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTopology, encodeTopology, MAX_TOPOLOGY_BYTES, type Topology, topologyHash } from './index.js';
import { cluster, refused, right } from './topology.testkit.js';

const base = cluster(1, 1);

/** The text with something else in it. */
function changed(change: (value: Record<string, unknown>) => void): string {
  const value = JSON.parse(encodeTopology(base));
  change(value);
  return JSON.stringify(value);
}

test('the text of a small topology; it changes only with its format', () => {
  assert.equal(
    encodeTopology(base),
    '{"format":1,"clusterId":"test","version":1,"lease":{"leaseMs":1500,"driftPermille":50,"slackMs":20},"maxUnreplicatedMs":1000,"replicasPerShard":1,' +
      '"voters":["n01"],"previousVoters":["n01"],"voterVersion":1,' +
      '"nodes":[{"node":"n01","incarnation":"1-a","host":"host-n01","port":6379,"busPort":16379,"zone":"","holdsData":true},' +
      '{"node":"n02","incarnation":"1-a","host":"host-n02","port":6379,"busPort":16379,"zone":"","holdsData":true}],' +
      '"shards":[{"id":1,"weight":1,"epoch":1,"beganEpoch":1,"syncVersion":1,"primary":{"node":"n01","incarnation":"1-a"},' +
      '"replicas":[{"node":"n02","incarnation":"1-a","isInSync":true}],"vnodes":[4294705152]}],' +
      '"slots":[{"first":0,"last":16383,"shard":1}]}',
  );
});

test('a shard without a primary has none in the text', () => {
  const homeless: Topology = { ...base, shards: [{ ...base.shards[0], primary: undefined }] };
  const text = encodeTopology(homeless);
  assert.doesNotMatch(text, /primary/);
  assert.deepEqual(right(decodeTopology(text)), homeless);
});

const wrong: [name: string, text: string, says: RegExp][] = [
  ['nothing', '', /no JSON/],
  ['half of it', encodeTopology(base).slice(0, 200), /no JSON/],
  ['another value', '7', /the topology is 7: it is an object/],
  ['null', 'null', /the topology is null/],
  ['a list', '[]', /the format of the topology is undefined/],
  ['no format', changed((value) => delete value['format']), /the format of the topology is undefined/],
  ['format 0', changed((value) => (value['format'] = 0)), /the format of the topology is 0/],
  [
    'a newer format',
    changed((value) => (value['format'] = 2)),
    /has format 2, and known here is 1: use the Nuthatch/,
  ],
  [
    'a missing field',
    changed((value) => delete value['voters']),
    /topology.voters is undefined: it is a list/,
  ],
  ['a field that nobody knows', changed((value) => (value['moves'] = [])), /topology has a field "moves"/],
  [
    'a wrong type',
    encodeTopology(base).replace('"epoch":1', '"epoch":"1"'),
    /topology.shards\[0\].epoch is "1": it is a number/,
  ],
  ['a wrong value', encodeTopology(base).replace('"epoch":1', '"epoch":0'), /the epoch of shard 1 is 0/],
  [
    'a number too large',
    encodeTopology(base).replace('"epoch":1', '"epoch":1e999'),
    /the epoch of shard 1 is Infinity/,
  ],
  ['a text too long', ' '.repeat(MAX_TOPOLOGY_BYTES + 1), /has 4194305 bytes: it has at most 4194304/],
];

for (const [name, text, says] of wrong) {
  test(`a text is refused in words: ${name}`, () => {
    assert.match(refused(decodeTopology(text)), says);
  });
}

test('a text cannot reach the prototypes of our objects', () => {
  for (const field of ['__proto__', 'constructor', 'toString']) {
    const text = encodeTopology(base).replace('{"leaseMs"', `{"${field}":{"polluted":true},"leaseMs"`);
    assert.match(refused(decodeTopology(text)), /topology.lease has a field/);
    const outer = `{"${field}":{"format":1},${encodeTopology(base).slice('{"format":1,'.length)}`;
    assert.match(refused(decodeTopology(outer)), /format of the topology is undefined/);
  }
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('one hash for one value', () => {
  const copy: Topology = structuredClone(base);
  assert.equal(topologyHash(copy), topologyHash(base));
  assert.match(topologyHash(base), /^[0-9a-f]{16}$/);
  const others: Topology[] = [
    { ...base, clusterId: 'other' },
    { ...base, version: 2 },
    { ...base, lease: { ...base.lease, leaseMs: 1501 } },
    { ...base, maxUnreplicatedMs: 1001 },
    { ...base, voters: ['n02'] },
    { ...base, previousVoters: ['n02'] },
    { ...base, voterVersion: 2 },
    { ...base, nodes: base.nodes.slice(1) },
    { ...base, nodes: base.nodes.map((node) => ({ ...node, zone: 'a' })) },
    { ...base, shards: base.shards.map((shard) => ({ ...shard, epoch: 2 })) },
    { ...base, slots: base.slots.map((range) => ({ ...range, shard: 2 })) },
  ];
  const hashes = [base, ...others].map(topologyHash);
  assert.equal(new Set(hashes).size, hashes.length);
});
