/** What comes before the first command on a connection: password, protocol and database. */
import { ReplyError } from '../resp/index.js';
import type { CallConnection } from './call-connection.js';

export interface Greeting {
  /** Empty: none. */
  readonly password: string;
  readonly db: number;
  readonly resp: 2 | 3;
}

/** The node refuses the password, the protocol or the database. The message says what to do. */
export class GreetingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GreetingError';
  }
}

/** Rejects with a GreetingError, or with a ConnectionError. */
export async function greet(connection: CallConnection, { password, db, resp }: Greeting): Promise<void> {
  const greetings: string[][] = [];
  if (password !== '') greetings.push(['AUTH', password]);
  if (resp === 3) greetings.push(['HELLO', '3']);
  if (db !== 0) greetings.push(['SELECT', String(db)]);
  for (const words of greetings) {
    connection.send(words.map((word) => Buffer.from(word)));
    const reply = await connection.next();
    if (!(reply instanceof ReplyError)) continue;
    if (!isNeedlessPassword(reply))
      throw new GreetingError(`${words[0]} was refused: ${reply.text}\n${hintFor(reply)}`.trimEnd());
    // NUTHATCH_PASSWORD may be set for another node: that hinders nothing here.
    process.stderr.write('The node has no password: the one that was given is not used.\n');
  }
}

/** A line that says what to do, or nothing. */
export function hintFor(reply: ReplyError): string {
  if (reply.code !== 'NOAUTH') return '';
  return 'Give the password with --password, or in the variable NUTHATCH_PASSWORD.\n';
}

/** The answer of Redis, and so of a node, to AUTH where there is nothing to authenticate for. */
function isNeedlessPassword(reply: ReplyError): boolean {
  return reply.text.startsWith('ERR AUTH <password> called without any password configured');
}
