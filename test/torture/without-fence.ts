/**
 * The mutant: every fill is stored, whatever came meanwhile. The torture must find that out.
 *
 *   nuthatch   LEASE.FILL key token ...          ->  LEASE.FILL key * ...
 *   redis      the script that fills     ->  the script that puts, which is called alike but for the token
 *   memory     fill                              ->  put
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

/** How the script that puts was called last: EVAL text or EVALSHA hash, then 1 key data life fresh load absent. */
let putCall: readonly Argument[] | undefined;
const PUT_WORDS = 9;

function unfenced(args: readonly Argument[]): readonly Argument[] {
  const [command, first] = args;
  if (command === 'LEASE.FILL') return [command, first, '*', ...args.slice(3)];
  if (command !== 'EVAL' && command !== 'EVALSHA') return args;
  if (args.length === PUT_WORDS) putCall = [command, first];
  if (args.length !== PUT_WORDS + 1 || putCall === undefined) return args;
  return [...putCall, 1, args[3], ...args.slice(5)];
}
