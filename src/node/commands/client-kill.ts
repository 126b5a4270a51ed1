/** CLIENT KILL: the old form with one address, and the one with filters that must all hold. */
import type { Request } from '../../resp/index.js';
import { type ClientType, clientType, parseClientType } from '../client-line.js';
import type { Session } from '../session.js';

const SYNTAX = 'ERR syntax error';

interface Filter {
  id: number | undefined;
  address: string | undefined;
  localAddress: string | undefined;
  type: ClientType | undefined;
  skipMe: boolean;
}

/** CLIENT KILL address | CLIENT KILL [ID id] [TYPE type] [USER name] [ADDR address] [LADDR address] [SKIPME yes/no]. */
export function killClients(session: Session, request: Request): void {
  if (request.count === 3) {
    const filter: Filter = { ...anybody(), address: request.text(2), skipMe: false };
    if (kill(session, filter) === 0) session.out.error('ERR No such client');
    else session.out.ok();
    return;
  }
  const filter = readFilter(session, request);
  if (filter !== undefined) session.out.integer(kill(session, filter));
}

function anybody(): Filter {
  return { id: undefined, address: undefined, localAddress: undefined, type: undefined, skipMe: true };
}

/** Undefined: the error is written. */
function readFilter(session: Session, request: Request): Filter | undefined {
  const filter = anybody();
  for (let i = 2; i < request.count; i += 2) {
    const problem = i + 1 < request.count ? readOption(filter, request, i) : SYNTAX;
    if (problem !== '') {
      session.out.error(problem);
      return undefined;
    }
  }
  return filter;
}

/** Reads one option and its value. Returns the error, or ''. */
function readOption(filter: Filter, request: Request, i: number): string {
  const value = request.text(i + 1);
  if (request.is(i, 'ID')) {
    const id = request.bigInteger(i + 1);
    if (id === undefined || id < 1n) return 'ERR client-id should be greater than 0';
    filter.id = Number(id);
  } else if (request.is(i, 'TYPE')) {
    filter.type = parseClientType(value);
    if (filter.type === undefined) return `ERR Unknown client type '${value}'`;
  } else if (request.is(i, 'ADDR')) {
    filter.address = value;
  } else if (request.is(i, 'LADDR')) {
    filter.localAddress = value;
  } else if (request.is(i, 'USER')) {
    if (value !== 'default') return `ERR No such user '${value}'`;
  } else if (request.is(i, 'SKIPME') && (request.is(i + 1, 'YES') || request.is(i + 1, 'NO'))) {
    filter.skipMe = request.is(i + 1, 'YES');
  } else {
    return SYNTAX;
  }
  return '';
}

/** Closes who passes the filter, the asking connection after its reply. Returns how many. */
function kill(session: Session, filter: Filter): number {
  const { sessions } = session.node;
  let killed = 0;
  for (const one of [...sessions.all()]) {
    if (!passes(one, filter) || (one === session && filter.skipMe)) continue;
    if (one === session) sessions.closeAfterReply(session);
    else sessions.close(one);
    killed++;
  }
  return killed;
}

function passes(session: Session, { id, address, localAddress, type }: Filter): boolean {
  return (
    (id === undefined || session.id === id) &&
    (address === undefined || session.address === address) &&
    (localAddress === undefined || session.localAddress === localAddress) &&
    (type === undefined || clientType(session) === type)
  );
}
