/**
 * Bad bytes from a seed. A grammar makes requests that are nearly right (every command of the node's own table, with
 * arguments that have broken servers before), a mutator damages them as bytes, and some of what it makes was never a
 * request at all. The same seed makes the same bytes.
 */
import { encodeRequest } from '../kit/frames.js';
import type { Seeded } from '../kit/seeded.js';

/**
 * Commands a bad client does not send, since they are meant to end or stop others: what they do is not an attack but an
 * order. (Who may not give them should not have the password.) SLOWLOG RESET would hide which command was slow.
 */
const orders = [
  'shutdown',
  'slowlog|reset',
  'client|kill',
  'client|pause',
  'client|unpause',
  'config|set',
  'client|unblock',
];

/** Keys of bad clients: few, so that they meet. The good client's keys are its own. */
const keyCount = 2_000;

const odd = [
  '',
  '0',
  '-1',
  '1',
  '16',
  '00',
  '+1',
  '1e3',
  'abc',
  'NaN',
  'inf',
  '0x10',
  ' 1',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '18446744073709551616',
  '4294967296',
  '2147483648',
  '99999999999999999999999999',
  '\0',
  '\r\n',
  '\r\n+OK\r\n',
  '*',
  '[',
  '\\',
  'a*a*a*a*a*a*a*a*b',
  '__proto__',
  'constructor',
  '\xff\xfe',
  '{',
  '{}',
  'u64',
  '#-1',
];

const options =
  'NX XX GT LT EX PX EXAT PXAT KEEPTTL PERSIST GET SET INCRBY OVERFLOW SAT FAIL WRAP MATCH COUNT TYPE REPLACE DB'
    .split(' ')
    .concat(
      'AND OR XOR NOT BIT BYTE LEN IDX MINMATCHLEN WITHMATCHLEN ON OFF SKIP YES NO BCAST OPTIN PREFIX REDIRECT ID'.split(
        ' ',
      ),
    );

const foreign = [
  'GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n',
  'POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n',
  '\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c',
  'SSH-2.0-OpenSSH_9.2\r\n',
  'get a b c\r\nset k 0 0 5\r\nhello\r\n',
  '\x00\x00\x00\x08\x04\xd2\x16\x2f',
];

const brokenHeads = [
  '*',
  '*-1\r\n',
  '*0\r\n',
  '*1048576\r\n$536870912\r\n',
  '*2147483648\r\n',
  '*3\r\n$-1\r\n',
  '*1\r\n$4294967296\r\n',
  '$5\r\nhello\r\n',
  '%1\r\n+a\r\n',
  '*1\r\n*1\r\n*1\r\n',
  '*2\r\n$4\r\nECHO\r\n$10\r\n123',
  '"',
  "SET 'k v\r\n",
  '+OK\r\n',
  ':1\r\n',
  '\r\n\r\n\n\n',
];

export class Mutator {
  readonly #random: Seeded;
  readonly #commands: readonly string[];

  /** `commands`: names as COMMAND gives them, subcommands as `parent|sub`. */
  constructor(random: Seeded, commands: readonly string[]) {
    this.#random = random;
    this.#commands = commands.filter((name) => !orders.includes(name));
  }

  /** One request, right in its frame, often wrong in its arguments. */
  request(): Buffer {
    const random = this.#random;
    const args = random.pick(this.#commands).split('|');
    const count = random.chance(0.05) ? random.below(40) : random.below(5);
    for (let i = 0; i < count; i++) args.push(this.#argument());
    return random.chance(0.1) ? Buffer.from(`${args.join(' ')}\r\n`, 'latin1') : encodeRequest(args);
  }

  /** Many requests in one piece. */
  pipeline(length: number): Buffer {
    return Buffer.concat(Array.from({ length }, () => this.request()));
  }

  /** Bytes that are likely to be no valid stream. */
  broken(): Buffer {
    const random = this.#random;
    const dice = random.fraction();
    if (dice < 0.15) return Buffer.from(random.pick(foreign), 'latin1');
    if (dice < 0.35) return Buffer.from(random.pick(brokenHeads), 'latin1');
    if (dice < 0.45) return Buffer.from(random.bytes(1 + random.below(300)), 'latin1');
    return this.#damage(this.pipeline(1 + random.below(4)));
  }

  #damage(bytes: Buffer): Buffer {
    const random = this.#random;
    let damaged = Buffer.from(bytes);
    for (let i = 1 + random.below(3); i > 0 && damaged.length > 0; i--) {
      const at = random.below(damaged.length);
      const dice = random.below(5);
      if (dice === 0) damaged[at] = random.below(256);
      else if (dice === 1)
        damaged = Buffer.concat([damaged.subarray(0, at), damaged.subarray(at + 1 + random.below(4))]);
      else if (dice === 2) damaged = damaged.subarray(0, at);
      else if (dice === 3)
        damaged = Buffer.concat([
          damaged.subarray(0, at),
          Buffer.from(random.pick(odd), 'latin1'),
          damaged.subarray(at),
        ]);
      else damaged = Buffer.concat([damaged, damaged.subarray(at)]);
    }
    return damaged;
  }

  #argument(): string {
    const random = this.#random;
    const dice = random.fraction();
    if (dice < 0.45) return `bad:${random.below(keyCount)}`;
    if (dice < 0.6) return random.pick(options);
    if (dice < 0.75) return random.pick(odd);
    if (dice < 0.85) return String(random.below(200) - 50);
    if (dice < 0.995) return random.bytes(random.below(100));
    return 'v'.repeat(random.below(100_000));
  }
}
