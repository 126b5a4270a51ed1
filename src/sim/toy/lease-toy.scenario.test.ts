import { testScenarios } from '../golden.testkit.js';
import { leaseToy } from './lease-toy.js';

testScenarios(leaseToy, 'toy/scenarios');
