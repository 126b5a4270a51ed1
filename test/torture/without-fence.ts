/**
 * The mutant: every fill is stored, whatever came meanwhile. The torture must find that out.
 */
import { type Argument, type CacheMemory, Connection } from '#layers/client';

type Call = (args: readonly Argument[], options?: object) => Promise<unknown>;

/** In memory, or for all connections of this process. */
export function removeFence(memory?: CacheMemory): void {
  if (memory === undefined) {
    const connection: { call: Call } = Connection.prototype;
    const { call } = connection;
    connection.call = function (this: Connection, args, options) {
      return call.call(this, unfenced(args), options);
    };
    return;
  }
  const { leases } = memory;
  leases.fill = (db, key, at, length, _token, loaded) => leases.put(db, key, at, length, loaded);
}

function unfenced(args: readonly Argument[]): readonly Argument[] {
  if (args[0] !== 'LEASE.FILL') return args;
  return [args[0], args[1], '*', ...args.slice(3)];
}
