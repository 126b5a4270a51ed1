import type { CommandSpec } from './command-spec.js';
import { bitmapCommands } from './commands/bitmaps.js';
import { clusterCommands } from './commands/cluster.js';
import { connectionCommands } from './commands/connection.js';
import { diagnosticCommands } from './commands/diagnostics.js';
import { keyCommands } from './commands/keys.js';
import { leaseCommands } from './commands/leases.js';
import { pubsubCommands } from './commands/pubsub.js';
import { scriptingCommands } from './commands/scripting.js';
import { serverCommands } from './commands/server.js';
import { stringCommands } from './commands/strings.js';
import { transactionCommands } from './commands/transactions.js';

/** Every command there is. A record of handlers keyed by `CommandName` cannot miss one. */
export const commandTable = [
  ...stringCommands,
  ...bitmapCommands,
  ...keyCommands,
  ...leaseCommands,
  ...connectionCommands,
  ...pubsubCommands,
  ...transactionCommands,
  ...serverCommands,
  ...diagnosticCommands,
  ...clusterCommands,
  ...scriptingCommands,
] as const satisfies readonly CommandSpec[];

/** The names of the top level: `'get' | 'client' | ...`. */
export type CommandName = (typeof commandTable)[number]['name'];

type Container = Extract<(typeof commandTable)[number], { subcommands: readonly CommandSpec[] }>;

/** The names of the commands that have subcommands: `'client' | 'config' | ...`. */
export type ContainerName = Container['name'];

/** The full names of one parent's subcommands: `SubcommandName<'config'>` is `'config|get' | 'config|set' | ...`. */
export type SubcommandName<Parent extends ContainerName> = Extract<
  Container,
  { name: Parent }
>['subcommands'][number]['name'];
