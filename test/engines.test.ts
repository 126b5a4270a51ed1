/** The engines of the client, each against the one suite that all of them pass. */
import { testEngine } from './engines/conformance.js';
import { startMemoryWorld } from './engines/memory-world.js';
import { startNuthatchWorld } from './engines/nuthatch-world.js';

testEngine('memory of this process', startMemoryWorld, { freesOnClose: true, readsPlainly: true });
testEngine('a Nuthatch node', startNuthatchWorld, { freesOnClose: true, readsPlainly: true });
