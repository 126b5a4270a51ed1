/** Scene `failover`: a primary is killed while clients write, delete and read. */
import type { ClusterScene } from './cluster-show.js';

export const failover: ClusterScene = {
  title: 'A primary is killed',
  story: `Three shards with a replica each. Two clients write, delete and read all the time,
and retry what is refused. Then the primary of a shard is killed (SIGKILL), and
started again as soon as its replica takes writes. All that was acknowledged is read
back and compared. Nobody has changed an option.`,
  fault: 'kill',
};
