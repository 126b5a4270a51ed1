/** The engine over Redis and Valkey against the suite of all engines: over our own connection, and over clients of others. */
import { testEngine } from './engines/conformance.js';
import { ioredisClients, nodeRedisClients, ownConnections, startRedisWorld } from './engines/redis-world.js';
import { installed } from './kit/servers.js';

const ways = {
  'our own connections': { make: ownConnections, tracks: true },
  ioredis: { make: ioredisClients, tracks: false },
  'node-redis, RESP3': { make: () => nodeRedisClients(3), tracks: false },
  'node-redis, RESP2': { make: () => nodeRedisClients(2), tracks: false },
};

for (const program of ['redis-server', 'valkey-server']) {
  // Redis is what is asked for; Valkey is tested where it is.
  if (program === 'valkey-server' && !installed(program)) continue;
  const skip = installed(program) ? false : `${program} is missing: apt-get install ${program}`;
  for (const [name, { make, tracks }] of Object.entries(ways)) {
    const start = () => startRedisWorld(program, make());
    testEngine(`${program}, ${name}`, start, { freesOnClose: false, readsPlainly: false, tracks }, skip);
  }
}
