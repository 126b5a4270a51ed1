/**
 * One connection to a node: commands out, replies in, in order. As much of a client as `nuthatch call` needs.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { Block } from '../base/index.js';
import { NEED_MORE, READY, type Reply, ReplyReader } from '../resp/index.js';
import { addressText } from './node-address.js';

/** Time to connect, in milliseconds. A reply may take as long as it likes. */
const CONNECT_TIMEOUT_MS = 5000;

/** How TLS is spoken to a node. All three are PEM texts; without `ca` the authorities of the system count. */
export interface CallTls {
  /** Whether the certificate of the node is checked: not where the nodes are our own, on this machine. */
  readonly isChecked: boolean;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Where a node is, and how to speak to it. */
export interface CallTarget {
  readonly host: string;
  readonly port: number;
  /** Undefined: in the clear. */
  readonly tls?: CallTls | undefined;
}

/** There is no connection, or no longer. The message says why and what to do. */
export class ConnectionError extends Error {
  /** The same in a few words, where it is known which node is meant. */
  readonly brief: string;

  constructor(message: string, brief = 'the connection broke') {
    super(message);
    this.name = 'ConnectionError';
    this.brief = brief;
  }
}

export class CallConnection {
  readonly #socket: Socket;
  readonly #address: string;
  readonly #reader = ReplyReader.ofBytes();
  #replies: Reply[] = [];
  #waiter: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined;
  #broken: Error | undefined;
  #hasRead = false;

  private constructor(socket: Socket, address: string, isSecure: boolean) {
    this.#socket = socket;
    this.#address = address;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => this.#break(new ConnectionError(...whyBroken(error, address))));
    socket.on('close', () => {
      // What it says to the wrong kind of client does not always arrive.
      const hint = this.#hasRead || isSecure ? '' : ' If it speaks TLS give --tls, or --tls-ca.';
      this.#break(new ConnectionError(`${address} closed the connection before it answered.${hint}`));
    });
  }

  static connect({ host, port, tls }: CallTarget, timeoutMs = CONNECT_TIMEOUT_MS): Promise<CallConnection> {
    const address = addressText(host, port);
    return new Promise((resolve, reject) => {
      const plain = { host, port, noDelay: true, timeout: timeoutMs };
      const socket = tls === undefined ? connect(plain) : openSecure(plain, tls);
      const fail = (error: NodeJS.ErrnoException) => {
        socket.destroy();
        reject(new ConnectionError(...whyNoConnection(error, host, port, timeoutMs)));
      };
      socket.once('error', fail);
      socket.once('timeout', () => fail(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
        socket.setTimeout(0);
        socket.removeAllListeners('error');
        resolve(new CallConnection(socket, address, tls !== undefined));
      });
    });
  }

  /** Sends a command. Each word is the bytes of an argument. */
  send(words: readonly Uint8Array[]): void {
    const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
    for (const word of words) parts.push(Buffer.from(`$${word.length}\r\n`), word, Buffer.from('\r\n'));
    this.#socket.write(Buffer.concat(parts));
  }

  /** The next thing the node sends: a reply or a push. Rejects with a ConnectionError. */
  next(): Promise<Reply> {
    if (this.#replies.length > 0) return Promise.resolve(this.#replies.shift() as Reply);
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#hasRead = true;
    this.#reader.feed(new Block(chunk), 0, chunk.length);
    let result = this.#reader.next();
    for (; result === READY; result = this.#reader.next()) this.#arrived(this.#reader.reply);
    if (result === NEED_MORE) return;
    this.#break(
      new ConnectionError(`${this.#address} does not speak the Redis protocol: ${this.#reader.error}.`),
    );
    this.#socket.destroy();
  }

  #arrived(reply: Reply): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter === undefined) this.#replies.push(reply);
    else waiter.resolve(reply);
  }

  /** What is known first about the end is what is told. */
  #break(error: Error): void {
    this.#broken ??= error;
    this.#waiter?.reject(this.#broken);
    this.#waiter = undefined;
  }
}

function openSecure(plain: { host: string; port: number }, { isChecked, ca, cert, key }: CallTls): Socket {
  return connectSecure({ ...plain, ca, cert, key, rejectUnauthorized: isChecked });
}

/** A server that checks certificates of clients says so behind the handshake. */
function whyBroken(
  error: NodeJS.ErrnoException & { readonly reason?: string },
  address: string,
): [message: string, brief?: string] {
  const what = error.reason ?? error.message;
  if (!/ALERT_(CERTIFICATE_|BAD_CERTIFICATE|UNKNOWN_CA)/.test(error.code ?? ''))
    return [`The connection to ${address} broke: ${what}.`];
  const message = `${address} does not accept the certificate of this client, or its lack (${what}): give the right --tls-cert and --tls-key.`;
  return [message, 'does not accept our certificate, or its lack'];
}

function whyNoConnection(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  timeoutMs: number,
): [message: string, brief: string] {
  const address = addressText(host, port);
  switch (error.code) {
    case 'ECONNREFUSED':
      return [
        `Nothing listens on ${address}. Start a node with \`nuthatch start${port === 6379 ? '' : ` --port ${port}`}\`, or say where one is: --host, --port.`,
        'nothing listens there',
      ];
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return [`There is no host named ${host}. Give another one with --host.`, 'there is no such host'];
    case 'ETIMEDOUT':
      return [
        `${address} did not answer within ${timeoutMs / 1000} s. Is it the right address, and does a firewall let you through?`,
        `cannot be reached within ${timeoutMs / 1000} s`,
      ];
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return [`${address} does not speak TLS. Leave --tls out.`, 'does not speak TLS'];
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_HAS_EXPIRED':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return [
        `The certificate of ${address} is not accepted: ${error.message}. --tls-ca names the authority that it must be from.`,
        'its certificate is not accepted',
      ];
    default:
      return [`Cannot connect to ${address}: ${error.message}.`, error.message];
  }
}
