/**
 * Whether the leader may publish a change now. Once published it must be agreed before anything else is, so what voters would
 * refuse waits here instead:
 *
 *   a change that deposes a primary   until a quorum of voters reported that they promise it nothing
 *   a change of voters                until the one before it is settled; who is new among them is there, and so is a majority
 *   the end of a node                 which is not there
 *
 * Decided by what the change is about, not by what it makes of the committed topology: it may follow others in one batch,
 * of which it makes more. Cost: some comparisons, since whatever waits is asked about again at each step.
 */
import type { NodeId, Topology, TopologyChange } from '../ring/index.js';
import type { Verdict } from './register/value-kind.js';

export interface PublishFacts {
  /** Whether a quorum of voters promises nothing to the primary of this epoch. */
  hasLapsed(shard: number, epoch: number): boolean;
  isAlive(node: NodeId): boolean;
}

export function mayPublish(committed: Topology, change: TopologyChange, facts: PublishFacts): Verdict {
  switch (change.kind) {
    case 'promote':
    case 'hand-over':
    case 'renew-epoch':
    case 'rehome': {
      const shard = committed.shards.find(({ id }) => id === change.shard);
      // Of another epoch, it is refused when it is applied; without a primary it deposes nobody.
      const isDeposal = shard?.epoch === change.epoch && shard.primary !== undefined;
      return isDeposal && !facts.hasLapsed(change.shard, change.epoch) ? 'wait' : 'publish';
    }
    case 'set-voters': {
      // Agreed by nobody, it would hold up all other changes for as long.
      const absent = change.voters.filter((id) => !facts.isAlive(id));
      const stranger = absent.find((id) => !committed.voters.includes(id));
      if (stranger !== undefined) return { refuse: `${stranger} is not alive: it cannot be made a voter` };
      if (2 * absent.length >= change.voters.length)
        return {
          refuse: `${absent.join(' and ')} are not alive: the others are no majority of these voters`,
        };
      return isJoint(committed) ? 'wait' : 'publish';
    }
    case 'settle-voters':
      return isJoint(committed) ? 'publish' : 'wait';
    case 'node-left':
      return facts.isAlive(change.life.node)
        ? { refuse: `${change.life.node} is alive: it would join again at once` }
        : 'publish';
    case 'node-joined':
    case 'node-returned':
    case 'node-moved':
    case 'replica-in-sync':
    case 'replica-out-of-sync':
    case 'add-replica':
    case 'remove-replica':
    case 'set-lease-terms':
      // They take no write from anybody; see deposals of the layer ring.
      return 'publish';
    default:
      return {
        refuse: `a change of the kind ${(change satisfies never as TopologyChange).kind} is not known here`,
      };
  }
}

function isJoint({ voters, previousVoters }: Topology): boolean {
  return voters.join() !== previousVoters.join();
}
