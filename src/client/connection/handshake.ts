/**
 * What every connection begins with, in one write: nothing of a caller is sent before all of it is answered.
 *
 *   HELLO 3 [AUTH user password] [SETNAME name]     refused: no connection
 *   CLIENT SETINFO LIB-NAME, LIB-VER                refused: never mind, old servers do not know it
 *   SELECT database                                 refused: no connection
 *   the owner's setup commands                      refused: no connection
 *
 * The words of a server that refuses HELLO are shown only if there is no password: an old server repeats the
 * arguments of a command it does not know.
 */
import { type Reply, ReplyMap, ReplyVerbatim } from '../../resp/index.js';
import { utf8Text } from '../bulk-decoders.js';
import { ClientError, ReplyFailure } from '../errors.js';
import { LIBRARY_NAME, LIBRARY_VERSION } from '../version.js';
import type { Argument } from './command-encoder.js';
import type { ServerGreeting } from './connection-event.js';
import type { ResolvedConnectionOptions } from './connection-options.js';
import type { Link } from './link.js';
import type { LinkCall } from './pending-calls.js';

/** Of a server's words, so many chars are shown. */
const SHOWN_CHARS = 200;

/** Sends the handshake. `greeted` is called once when all is well; else the link fails. */
export function greet(
  link: Link,
  options: ResolvedConnectionOptions,
  greeted: (server: ServerGreeting) => void,
): void {
  const what: LinkCall = { deadlineMs: options.connectDeadlineMs, decode: utf8Text };
  let server: ServerGreeting | undefined;
  let left = 0;
  const begin = (
    args: readonly Argument[],
    answered: (reply: Reply<string>) => void,
    refused: (failure: ClientError) => ClientError | undefined,
  ): void => {
    left++;
    const over = (error: ClientError | undefined): void => {
      left--;
      if (error !== undefined) link.fail(error);
      else if (left === 0 && server !== undefined) greeted(server);
    };
    link.send(
      args,
      what,
      (reply) => {
        answered(reply as Reply<string>);
        over(undefined);
      },
      (error) => over(refused(error as ClientError)),
    );
  };
  const ignored = (): void => {};
  const tolerated = (failure: ClientError): ClientError | undefined =>
    failure instanceof ReplyFailure ? undefined : failure;
  begin(
    helloCommand(options),
    (reply) => {
      server = greetingOf(reply);
      if (server === undefined) link.fail(unsupported(options));
    },
    (failure) => helloRefused(failure, options),
  );
  begin(['CLIENT', 'SETINFO', 'LIB-NAME', LIBRARY_NAME], ignored, tolerated);
  begin(['CLIENT', 'SETINFO', 'LIB-VER', LIBRARY_VERSION], ignored, tolerated);
  const setup = options.database === 0 ? options.setup : [['SELECT', options.database], ...options.setup];
  for (const args of setup) begin(args, ignored, (failure) => setupRefused(failure, options));
}

function helloCommand({ username, password, clientName }: ResolvedConnectionOptions): Argument[] {
  const args: Argument[] = ['HELLO', 3];
  if (password !== undefined) args.push('AUTH', username, password);
  if (clientName !== undefined) args.push('SETNAME', clientName);
  return args;
}

/** The greeting of a server that has switched to RESP3: a map. Undefined if it is none. */
function greetingOf(reply: Reply<string>): ServerGreeting | undefined {
  if (!(reply instanceof ReplyMap)) return undefined;
  const fields = new Map<string, Reply<string>>();
  for (let i = 0; i + 1 < reply.items.length; i += 2) fields.set(String(reply.items[i]), reply.items[i + 1]);
  const text = (name: string): string => {
    const value = fields.get(name);
    return value instanceof ReplyVerbatim ? value.body : typeof value === 'string' ? value : '';
  };
  return Object.freeze({
    server: text('server'),
    version: text('version'),
    id: Number(fields.get('id') ?? 0),
    mode: text('mode'),
    role: text('role'),
  });
}

function helloRefused(failure: ClientError, options: ResolvedConnectionOptions): ClientError {
  if (!(failure instanceof ReplyFailure)) return failure;
  const { address, username, password } = options;
  const { reply, replyCode, retryable } = failure;
  const words = password === undefined ? `: ${reply.slice(0, SHOWN_CHARS)}` : ` with ${replyCode}`;
  if (replyCode === 'NOPROTO' || /^ERR unknown command/i.test(reply)) return unsupported(options);
  if (replyCode === 'NOAUTH' || replyCode === 'WRONGPASS' || replyCode === 'NOPERM') {
    const message =
      password === undefined
        ? `${address} wants a password; give username and password`
        : `${address} does not accept user '${username}' with this password (${replyCode}); check both`;
    return new ClientError('AUTHENTICATION', message);
  }
  // Both are said to every newcomer, in answer to whatever comes first.
  const isPassing = retryable || /max number of clients/i.test(reply);
  const message = `${address} refuses the connection${words}`;
  return new ClientError(isPassing ? 'CONNECT_FAILED' : 'SETUP_REFUSED', message);
}

function unsupported({ address }: ResolvedConnectionOptions): ClientError {
  const message = `${address} does not speak RESP3; it takes Nuthatch, Redis 6 or newer, or Valkey, and no proxy that knows RESP2 only`;
  return new ClientError('UNSUPPORTED_SERVER', message);
}

function setupRefused(failure: ClientError, { address }: ResolvedConnectionOptions): ClientError {
  if (!(failure instanceof ReplyFailure)) return failure;
  const message = `${address} refuses what this connection begins with: ${failure.message.slice(0, SHOWN_CHARS)}`;
  return new ClientError(failure.retryable ? 'CONNECT_FAILED' : 'SETUP_REFUSED', message, { cause: failure });
}
