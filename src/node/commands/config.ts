/** CONFIG GET, SET, RESETSTAT, REWRITE. The parameters stand in ../config-table.ts. */
import { Block } from '../../base/index.js';
import type { Request, SubcommandName } from '../../resp/index.js';
import type { Change, Parameter } from '../config-parameter.js';
import { parameters } from '../config-table.js';
import type { Handler, Session } from '../session.js';
import { patternArgument } from './arguments.js';

const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));

export const configHandlers = {
  'config|get'(session, request) {
    const found = new Map<Parameter, string>();
    for (let i = 2; i < request.count; i++) if (!addMatches(session, found, request, i)) return;
    const { out, node } = session;
    out.map(found.size);
    for (const [parameter, name] of found) {
      out.bulkText(name);
      out.bulkText(parameter.get(node));
    }
  },

  'config|set': setParameters,

  'config|resetstat'(session) {
    session.node.resetStatistics();
    session.out.ok();
  },

  'config|rewrite': (session) => session.out.error('ERR The server is running without a config file'),
} satisfies Partial<Record<SubcommandName<'config'>, Handler>>;

/** A parameter that is asked for by its name is answered in the letters of the question. False after an error reply. */
function addMatches(session: Session, found: Map<Parameter, string>, request: Request, i: number): boolean {
  const name = request.text(i);
  const exact = byName.get(name.toLowerCase());
  if (exact !== undefined) {
    found.set(exact, name);
    return true;
  }
  const pattern = patternArgument(session, request, i, true);
  if (pattern === undefined) return false;
  for (const parameter of parameters) {
    if (pattern.matches(Block.of(parameter.name), 0, parameter.name.length))
      found.set(parameter, parameter.name);
  }
  return true;
}

/** All or nothing: every value is checked before the first is set. */
function setParameters(session: Session, request: Request): void {
  const { out, node } = session;
  if (request.count % 2 !== 0) {
    out.error('ERR syntax error');
    return;
  }
  const chosen = chooseParameters(session, request);
  if (chosen === undefined) return;
  const changes: { readonly apply: () => void }[] = [];
  for (const [i, parameter] of chosen.entries()) {
    const change: Change = parameter.set?.(node, request.text(3 + 2 * i)) ?? {
      problem: "can't set immutable config",
    };
    if ('problem' in change) {
      out.error(failure(parameter.name, change.problem));
      return;
    }
    changes.push(change);
  }
  for (const change of changes) change.apply();
  out.ok();
}

function chooseParameters(session: Session, request: Request): Parameter[] | undefined {
  const chosen: Parameter[] = [];
  for (let i = 2; i < request.count; i += 2) {
    const parameter = byName.get(request.text(i).toLowerCase());
    if (parameter === undefined) {
      session.out.error(`ERR Unknown option or number of arguments for CONFIG SET - '${request.text(i)}'`);
      return undefined;
    }
    if (parameter.set === undefined) {
      session.out.error(failure(request.text(i), "can't set immutable config"));
      return undefined;
    }
    if (chosen.includes(parameter)) {
      session.out.error(failure(request.text(i), 'duplicate parameter'));
      return undefined;
    }
    chosen.push(parameter);
  }
  return chosen;
}

function failure(name: string, problem: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${problem}`;
}
