import { testScenarios } from '../golden.testkit.js';
import { clusterExperiment } from './cluster-experiment.js';

testScenarios(clusterExperiment, 'cluster/scenarios');
