/** OBJECT and MEMORY USAGE: how a value is kept. */
import { parseBigInteger, type Request, type SubcommandName } from '../../resp/index.js';
import type { Ref } from '../../store/index.js';
import type { Handler, Session } from '../session.js';
import { integerArgument } from './arguments.js';
import { MAX_DECIMAL_LENGTH } from './decimal.js';
import { errors } from './errors.js';
import { peekKey, scratch } from './values.js';

/** Longest value that Redis keeps in one piece with its header. */
const MAX_EMBEDDED_LENGTH = 44;

export const objectHandlers = {
  /** What Redis would name for a value that was SET: here all are kept alike. */
  'object|encoding'(session, request) {
    const ref = peekKey(session, request, 2);
    if (ref === 0) session.out.nil();
    else session.out.bulkText(encodingOf(session, ref));
  },

  'object|refcount'(session, request) {
    if (peekKey(session, request, 2) === 0) session.out.nil();
    else session.out.integer(1);
  },

  'object|freq'(session, request) {
    replyUnknown(session, request, errors.objectFrequency);
  },

  'object|idletime'(session, request) {
    replyUnknown(session, request, errors.objectIdleTime);
  },

  'object|help'(session) {
    session.out.array(OBJECT_HELP.length);
    for (const line of OBJECT_HELP) session.out.simple(line);
  },
} satisfies Record<SubcommandName<'object'>, Handler>;

export const memoryUsageHandlers = {
  'memory|usage'(session, request) {
    const { out, node } = session;
    for (let i = 3; i < request.count; i += 2) {
      if (!request.is(i, 'SAMPLES') || i + 1 === request.count) {
        out.error(errors.syntax);
        return;
      }
      // Strings have no elements to sample: the number is only checked.
      const samples = integerArgument(session, request, i + 1);
      if (samples === undefined) return;
      if (samples < 0) {
        out.error(errors.syntax);
        return;
      }
    }
    const ref = peekKey(session, request, 2);
    if (ref === 0) out.nil();
    else out.integer(node.store.entryBytes(ref));
  },
} satisfies Partial<Record<SubcommandName<'memory'>, Handler>>;

function encodingOf(session: Session, ref: Ref): string {
  const { store } = session.node;
  const length = store.valueLength(ref);
  if (length > MAX_EMBEDDED_LENGTH) return 'raw';
  if (length > MAX_DECIMAL_LENGTH) return 'embstr';
  store.copyValue(ref, 0, length, scratch, 0);
  return parseBigInteger(scratch, 0, length) === undefined ? 'embstr' : 'int';
}

function replyUnknown(session: Session, request: Request, error: string): void {
  if (peekKey(session, request, 2) === 0) session.out.nil();
  else session.out.error(error);
}

const OBJECT_HELP = [
  'OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'ENCODING <key>',
  '    Return the kind of internal representation used in order to store the value',
  '    associated with a <key>.',
  'FREQ <key>',
  '    Return the access frequency index of the <key>. The returned integer is',
  '    proportional to the logarithm of the recent access frequency of the key.',
  'IDLETIME <key>',
  '    Return the idle time of the <key>, that is the approximated number of',
  '    seconds elapsed since the last access to the key.',
  'REFCOUNT <key>',
  '    Return the number of references of the value associated with the specified',
  '    <key>.',
  'HELP',
  '    Prints this help.',
];
