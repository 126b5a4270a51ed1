/** The engines of the client, each against the one suite that all of them pass. */
import { startClusterWorld } from './engines/cluster-world.js';
import { testEngine } from './engines/conformance.js';
import { memoryWorld } from './engines/memory-world.js';
import { startNuthatchWorld } from './engines/nuthatch-world.js';

const traits = { freesOnClose: true, readsPlainly: true, tracks: true };

testEngine('memory of this process', memoryWorld('one'), traits);
testEngine('memory of three nodes', memoryWorld('a', 'b', 'c'), traits);
testEngine('a Nuthatch node', startNuthatchWorld, traits);
testEngine('a Nuthatch cluster', startClusterWorld, traits);
