/** A whole cluster as an experiment: minds and copies on 3 to 7 nodes, clients, and the invariants. */
import type { MindDisk } from '../../cluster/index.js';
import { pick } from '../draws.js';
import type { Effects, Experiment, Host, TrialSetup } from '../program.js';
import { AllInSync } from './checkers/all-in-sync.js';
import { AllWritable } from './checkers/all-writable.js';
import { BoundedLoss } from './checkers/bounded-loss.js';
import { ElectedByQuorum } from './checkers/elected-by-quorum.js';
import { KeptByQuorum } from './checkers/kept-by-quorum.js';
import { LeaseInTime } from './checkers/lease-in-time.js';
import { NoStaleFill } from './checkers/no-stale-fill.js';
import { NodesTended } from './checkers/nodes-tended.js';
import { NothingReturns } from './checkers/nothing-returns.js';
import { OneChain } from './checkers/one-chain.js';
import { PointsOfHistory } from './checkers/points-of-history.js';
import { PromisesLast } from './checkers/promises-last.js';
import { SetHasAll } from './checkers/set-has-all.js';
import { SingleWriter } from './checkers/single-writer.js';
import { StaleReadsEnd } from './checkers/stale-reads-end.js';
import { VotersByStep } from './checkers/voters-by-step.js';
import { WaitersWoken } from './checkers/waiters-woken.js';
import { ClientLife, type ClientShape } from './client-life.js';
import { ClusterLife, type ClusterShape } from './cluster-life.js';
import type { ClusterFact } from './facts.js';
import { MUTANT_RULES, MUTANTS_ELSEWHERE } from './mutants.js';
import { Source } from './source.js';
import type { Wire } from './wire.js';

export const clusterExperiment: Experiment<Wire, MindDisk, ClusterFact> = {
  name: 'cluster',
  description: 'shards with replicas, failover, and clients that write, delete, read, and load',
  nodes: { least: 3, most: 7 },
  clients: { least: 2, most: 4 },
  tickMs: 50,
  driftPermille: 50,
  mutants: Object.keys(MUTANT_RULES),
  mutantRules: MUTANT_RULES,
  mutantsElsewhere: MUTANTS_ELSEWHERE,
  marks: [
    'elected',
    'commit',
    'held-back',
    'publish-again',
    'lease',
    'lost-lease',
    'release',
    'promote',
    'rehome',
    'renew-epoch',
    'becomes-primary',
    'becomes-replica',
    'replica-in-sync',
    'replica-out-of-sync',
    'hand-over',
    'change-voters',
    'joint',
    'load',
    'load-without-lease',
    'fill',
    'fill-refused',
    'stale-read',
    'replace-voter',
    'more-voters',
    'forget-node',
  ],

  begin(setup: TrialSetup) {
    const { random, nodes } = setup;
    const replicasPerShard = 1 + random.below(Math.min(2, nodes.length - 1));
    const most = Math.max(1, Math.floor(nodes.length / (1 + replicasPerShard)));
    const shape: ClusterShape = { shards: 1 + random.below(most), replicasPerShard };
    const clients: ClientShape = {
      // Enough that each shard has some.
      keys: 16 + random.below(16),
      pauseMs: 20 + random.below(200),
      handOverPermille: pick(random, [0, 0, 5, 20]),
      votersPermille: pick(random, [0, 0, 5, 20]),
      burstPercent: pick(random, [0, 0, 10, 50]),
      sourceKeys: 2 + random.below(6),
      loadPauseMs: 50 + random.below(500),
      loadMs: pick(random, [200, 1_000, 3_000]),
      invalidatePercent: pick(random, [10, 30, 60]),
    };
    const source = new Source();
    return {
      program: {
        start: (host: Host<MindDisk>, effects: Effects<Wire, MindDisk, ClusterFact>) =>
          host.isClient
            ? new ClientLife(host as Host<never>, setup, clients, source)
            : new ClusterLife(host, setup, shape, effects),
      },
      checkers: [
        new SingleWriter(),
        new OneChain(),
        new NothingReturns(),
        new NoStaleFill(),
        new WaitersWoken(),
        new StaleReadsEnd(),
        new SetHasAll(),
        new BoundedLoss(),
        new PointsOfHistory(),
        new LeaseInTime(),
        new PromisesLast(),
        new VotersByStep(),
        new ElectedByQuorum(),
        new KeptByQuorum(),
        new AllWritable(),
        new AllInSync(),
        new NodesTended(),
      ],
      // Three vote at least, so that a majority is left; of voters that people set, who knows.
      maxLostDisks: clients.votersPermille > 0 ? 0 : 1,
    };
  },
};
