/** The options of `nuthatch call`, checked: all problems at once. */
import type { CallOptions } from './call.js';
import { FlagReader, type TextFlags } from './flag-reader.js';
import { choice, integer } from './option-kinds.js';
import type { Variables } from './variables.js';

const LAST_DATABASE = 15;

/** `isTerminal`: the output goes to a terminal. */
export function callOptions(
  flags: TextFlags,
  variables: Variables,
  isTerminal: boolean,
): CallOptions | { readonly problems: readonly string[] } {
  const reader = new FlagReader(flags, variables);
  const isJson = flags['json'] === true;
  const options: CallOptions = {
    ...reader.askedNode(),
    db: reader.read(integer({ min: 0, max: LAST_DATABASE }), 'db', 0),
    resp: reader.read(choice(['2', '3']), 'resp', isJson ? '3' : '2') === '3' ? 3 : 2,
    format: isJson ? 'json' : (flags['raw'] ?? !isTerminal) ? 'raw' : 'shown',
  };
  return reader.problems.length > 0 ? { problems: reader.problems } : options;
}
