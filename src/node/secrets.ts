/**
 * Which arguments of a request are user names or passwords. MONITOR and the slow log show them as "(redacted)", as
 * Redis does, and also where it slips: in an AUTH or CONFIG SET that is refused for the number of its arguments.
 */
import type { Request } from '../resp/index.js';
import { type Command, Trait } from './command.js';

export const REDACTED = '(redacted)';

const nothing: ReadonlySet<number> = new Set();

/** Parameters of CONFIG SET that carry a secret, also those which this node does not have. */
const secretParameters = [
  'requirepass',
  'masterauth',
  'masteruser',
  'tls-key-file-pass',
  'tls-client-key-file-pass',
];

/** The indexes of the secret arguments. */
export function secretArguments(command: Command, request: Request): ReadonlySet<number> {
  if ((command.flags & Trait.SECRET) === 0) return nothing;
  const secret = new Set<number>();
  if (command.name === 'auth') {
    for (let i = 1; i < request.count; i++) secret.add(i);
  } else if (command.name === 'hello') {
    for (let i = 2; i < request.count; i++) {
      if (!request.is(i, 'AUTH')) continue;
      secret.add(i + 1).add(i + 2);
      i += 2;
    }
  } else {
    for (let i = 2; i < request.count; i += 2) {
      if (secretParameters.includes(request.text(i).toLowerCase())) secret.add(i + 1);
    }
  }
  return secret;
}
