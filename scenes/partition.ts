/** Scene `partition`: a primary is cut off from all others, with a client on each side. */

import { CUT_MS } from './cluster-run.js';
import type { ClusterScene } from './cluster-show.js';

export const partition: ClusterScene = {
  title: 'The network is cut in two',
  story: `Three shards with a replica each, every node in a network namespace of its own. The
primary of a shard is cut off, with one of two clients on its side; the other five
nodes and the other client are together. Both clients write, delete and read on.
After ${CUT_MS / 1000} s the cut is healed, and all that was acknowledged is read back and compared.`,
  fault: 'cut',
};
