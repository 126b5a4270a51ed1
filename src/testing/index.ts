export { startTestCluster, TestCluster, type TestClusterOptions, TestNode } from './test-cluster.js';
