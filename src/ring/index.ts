export { Ring } from './ring.js';
export { type RingNode, RingNodesError } from './ring-nodes.js';
