/** Plans of small clusters: who votes, and who is forgotten. */
import { agreed, type Case, testPlans, withSpares, withVoters, withZones } from './plan.testkit.js';
import { clusterOf } from './topology.testkit.js';

/** n01, n02 and n03 vote. In `spare` n03 and n04 have no copy. */
const two = clusterOf(2, 1, 4);
const spare = clusterOf(1, 1, 4);

const cases: readonly Case[] = [
  {
    what: 'a change of voters was agreed',
    topology: agreed(two, [{ kind: 'set-voters', voterVersion: 1, voters: ['n01'], reason: '' }]),
    plan: ['settle-voters'],
  },
  {
    what: 'nothing else is done about voters before that',
    topology: agreed(two, [{ kind: 'set-voters', voterVersion: 1, voters: ['n01'], reason: '' }]),
    states: { n02: 'dead' },
    goneForMs: { n02: 300_000 },
    votersForMs: 300_000,
    plan: ['settle-voters'],
  },
  {
    what: 'a voter that is away for some minutes stays one',
    topology: two,
    states: { n02: 'dead' },
    goneForMs: { n02: 299_999 },
    plan: [],
  },
  {
    what: 'one that is away for longer is replaced',
    topology: two,
    states: { n02: 'dead' },
    goneForMs: { n02: 300_000 },
    plan: ['set-voters n01 n03 n04'],
  },
  {
    what: 'in another zone than the others, if there is a node',
    topology: withZones(withSpares(spare, 2), { n03: 'a', n04: 'a', n05: 'a', n06: 'b' }),
    states: { n02: 'dead' },
    goneForMs: { n02: 300_000 },
    plan: ['set-voters n01 n03 n06'],
  },
  {
    what: 'not by who is away itself',
    topology: two,
    states: { n02: 'dead', n04: 'suspect' },
    goneForMs: { n02: 300_000 },
    plan: [],
  },
  {
    what: 'one of two that are gone is replaced if one node is there for them',
    topology: withVoters(withSpares(two, 2), ['n01', 'n02', 'n03', 'n04', 'n05']),
    states: { n02: 'dead', n03: 'dead' },
    goneForMs: { n02: 300_000, n03: 300_000 },
    plan: ['set-voters n01 n02 n04 n05 n06'],
  },
  {
    what: 'one of five that is gone stays one if no node is there for it',
    topology: withVoters(withSpares(two, 1), ['n01', 'n02', 'n03', 'n04', 'n05']),
    states: { n02: 'dead' },
    goneForMs: { n02: 300_000 },
    plan: [],
  },
  {
    what: 'three go on if two of five are gone and no node is there for them',
    topology: withVoters(withSpares(two, 1), ['n01', 'n02', 'n03', 'n04', 'n05']),
    states: { n02: 'dead', n05: 'dead' },
    goneForMs: { n02: 300_000, n05: 300_000 },
    plan: ['set-voters n01 n03 n04'],
  },
  {
    what: 'but never one of three',
    topology: withVoters(clusterOf(1, 1, 3), ['n01', 'n02', 'n03']),
    states: { n02: 'dead' },
    goneForMs: { n02: 300_000 },
    plan: [],
  },
  {
    what: 'a shard that is to have another primary comes first, since a change of voters holds that up',
    topology: two,
    lapsed: [1],
    lostForMs: 29_999,
    states: { n01: 'dead', n02: 'dead', n03: 'dead' },
    goneForMs: { n02: 300_000 },
    votersForMs: 300_000,
    plan: [],
  },
  {
    what: 'but not for good',
    topology: two,
    lapsed: [1],
    lostForMs: 30_000,
    states: { n02: 'dead', n03: 'dead' },
    goneForMs: { n02: 300_000 },
    plan: ['set-voters n01 n03 n04'],
  },
  {
    what: 'no voters of whom a majority is away are asked for',
    topology: withVoters(two, ['n01', 'n02', 'n03']),
    states: { n01: 'dead', n02: 'dead', n03: 'dead' },
    goneForMs: { n02: 300_000 },
    plan: [],
  },
  {
    what: 'three vote where three are there',
    topology: withVoters(two, ['n01']),
    votersForMs: 300_000,
    plan: ['set-voters n01 n02 n03'],
  },
  {
    what: 'who said that one votes has some minutes to take the others away',
    topology: withVoters(two, ['n01']),
    votersForMs: 299_999,
    plan: [],
  },
  {
    what: 'five vote where five are there, and nodes that are away do not count',
    topology: withSpares(two, 1),
    votersForMs: 300_000,
    plan: ['set-voters n01 n02 n03 n04 n05'],
  },
  {
    what: 'four are there',
    topology: withSpares(two, 1),
    states: { n05: 'dead' },
    votersForMs: 300_000,
    plan: [],
  },
  {
    what: 'who is gone for a day is forgotten',
    topology: withSpares(two, 1),
    states: { n05: 'left' },
    goneForMs: { n05: 86_400_000 },
    plan: ['node-left n05'],
  },
  {
    what: 'not if it votes or has a copy, nor before that',
    topology: withSpares(two, 1),
    states: { n01: 'dead', n04: 'dead', n05: 'dead' },
    goneForMs: { n01: 299_999, n04: 86_400_000, n05: 86_399_999 },
    plan: [],
  },
];

testPlans(cases);
