/** Every handler under the name of its command. One that is missing, or has no command, does not compile. */
import type { Handlers } from './command.js';
import { bitfieldHandlers } from './commands/bitfield.js';
import { bitHandlers } from './commands/bits.js';
import { clientHandlers } from './commands/client.js';
import { clientTrackingHandlers } from './commands/client-tracking.js';
import { clusterHandlers } from './commands/cluster.js';
import { clusterOrderHandlers } from './commands/cluster-orders.js';
import { commandHandlers } from './commands/command.js';
import { configHandlers } from './commands/config.js';
import { connectionHandlers } from './commands/connection.js';
import { latencyHandlers, memoryHandlers, slowlogHandlers } from './commands/diagnostics.js';
import { helpHandlers } from './commands/help.js';
import { keyHandlers } from './commands/keys.js';
import { lcsHandlers } from './commands/lcs.js';
import { leaseHandlers } from './commands/leases.js';
import { lifetimeHandlers } from './commands/lifetimes.js';
import { numberHandlers } from './commands/numbers.js';
import { memoryUsageHandlers, objectHandlers } from './commands/object.js';
import { pubsubHandlers, pubsubSubcommandHandlers } from './commands/pubsub.js';
import { replicationHandlers } from './commands/replication.js';
import { scanHandlers } from './commands/scan.js';
import { aclHandlers, functionHandlers, serverHandlers } from './commands/server.js';
import { setHandlers } from './commands/set.js';
import { stringHandlers } from './commands/strings.js';
import { transactionHandlers } from './commands/transactions.js';

export const handlers: Handlers = {
  ...stringHandlers,
  ...setHandlers,
  ...numberHandlers,
  ...bitHandlers,
  ...bitfieldHandlers,
  ...lifetimeHandlers,
  ...keyHandlers,
  ...scanHandlers,
  ...lcsHandlers,
  ...leaseHandlers,
  ...objectHandlers,
  ...memoryUsageHandlers,
  ...connectionHandlers,
  ...clientHandlers,
  ...clientTrackingHandlers,
  ...pubsubHandlers,
  ...pubsubSubcommandHandlers,
  ...transactionHandlers,
  ...configHandlers,
  ...commandHandlers,
  ...serverHandlers,
  ...replicationHandlers,
  ...aclHandlers,
  ...functionHandlers,
  ...slowlogHandlers,
  ...latencyHandlers,
  ...memoryHandlers,
  ...clusterHandlers,
  ...clusterOrderHandlers,
  ...helpHandlers([
    'acl|help',
    'client|help',
    'cluster|help',
    'command|help',
    'config|help',
    'function|help',
    'latency|help',
    'memory|help',
    'pubsub|help',
    'slowlog|help',
  ]),
};
