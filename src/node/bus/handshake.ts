/**
 * The handshake of a connection: both sides prove that they know the cluster secret, and learn who the other is.
 *
 *   DIALER                                                     ACCEPTOR
 *     hello: version, id, address, cluster, purpose, whom it wants, challenge ──>   other cluster, not me ─> refused
 *     <── hello: version, id, address, cluster, challenge
 *     proof: HMAC(secret, 'dialer', T) ──>                                          wrong ─> refused: secret
 *     <── proof: HMAC(secret, 'acceptor', T)
 *     both: a key for each direction from HKDF(secret, T)            T = SHA-256 of both hellos, byte by byte
 *
 * The dialer proves first, so that who can merely reach a port gets nothing to guess at. T holds the fresh challenges, ids, clusters,
 * purpose and version of both, so that no proof serves for another connection, and each side's proof is of its own side.
 */
import { createHash, randomBytes } from 'node:crypto';
import { aString, fields, isNodeId, isRefusal, optional, readData } from '../../ring/index.js';
import type { ClusterSecret, Side } from './cluster-secret.js';
import { BUS_VERSION, type Frame, FrameType, frameOf } from './frame.js';
import { Seal } from './seal.js';
import { BusTrouble, troubleOf } from './trouble.js';

/** What a stream of its own carries: `stream` is replication. */
export type StreamPurpose = 'stream' | 'publications';
export type Purpose = 'messages' | StreamPurpose;

const purposes: readonly Purpose[] = ['messages', 'stream', 'publications'];

/** Who a side is. */
export interface Introduction {
  readonly node: string;
  /** Drawn at random at the start of its process: tells itself from a copy of itself. */
  readonly instance: string;
  /** HOST:PORT of its bus. */
  readonly address: string;
  readonly cluster: string | undefined;
  readonly purpose: Purpose;
  /** The node that the dialer wants; undefined: whoever is there. */
  readonly to: string | undefined;
}

type Hello = Introduction & { readonly challenge: string };

const CHALLENGE_BYTES = 32;
const challengeForm = /^[0-9a-f]{64}$/;

const helloShape = fields<Hello>({
  node: aString,
  instance: aString,
  address: aString,
  cluster: optional(aString),
  purpose: aString as never,
  to: optional(aString),
  challenge: aString,
});

/** What a handshake comes to. */
export interface Known {
  readonly peer: Introduction;
  readonly sending: Seal;
  readonly receiving: Seal;
}

export class Handshake {
  readonly #side: Side;
  readonly #secret: ClusterSecret;
  readonly #self: Introduction;
  readonly #hello: Buffer;
  #peer: Hello | undefined;
  #transcript: Buffer | undefined;

  constructor(side: Side, secret: ClusterSecret, self: Introduction) {
    this.#side = side;
    this.#secret = secret;
    this.#self = self;
    const hello: Hello = { ...self, challenge: randomBytes(CHALLENGE_BYTES).toString('hex') };
    this.#hello = Buffer.from(JSON.stringify(hello));
  }

  /** What is said before anything is heard. */
  begin(): readonly Buffer[] {
    return this.#side === 'dialer' ? [frameOf(FrameType.HELLO, this.#hello)] : [];
  }

  /** What to say to a frame, and who the other is once that is known. Throws BusTrouble. */
  receive({ type, body }: Frame): { readonly say: readonly Buffer[]; readonly known?: Known } {
    if (type === FrameType.REFUSED) throw troubleOf(body.toString('latin1'));
    if (this.#transcript === undefined) return { say: this.#meet(type, body) };
    const { side, other } = this.#sides();
    if (type !== FrameType.PROOF)
      throw new BusTrouble('garbage', `a frame of type ${type} instead of a proof`);
    if (!this.#secret.isProof(body, other, this.#transcript)) throw new BusTrouble('secret');
    const { challenge: _, ...peer } = this.#peer as Hello;
    return {
      say: this.#side === 'acceptor' ? [this.#proof()] : [],
      known: {
        peer,
        sending: new Seal(this.#secret.frameKey(side, this.#transcript)),
        receiving: new Seal(this.#secret.frameKey(other, this.#transcript)),
      },
    };
  }

  #meet(type: number, body: Buffer): Buffer[] {
    if (type !== FrameType.HELLO)
      throw new BusTrouble('garbage', `a frame of type ${type} instead of a hello`);
    const peer = readHello(body);
    this.#check(peer);
    this.#peer = peer;
    const hellos = this.#side === 'dialer' ? [this.#hello, body] : [body, this.#hello];
    const hash = createHash('sha256').update(`nuthatch bus ${BUS_VERSION}\n`);
    for (const hello of hellos) hash.update(`${hello.length}\n`).update(hello);
    this.#transcript = hash.digest();
    return this.#side === 'dialer' ? [this.#proof()] : [frameOf(FrameType.HELLO, this.#hello)];
  }

  #check(peer: Hello): void {
    const self = this.#self;
    if (peer.node === self.node) throw new BusTrouble(peer.instance === self.instance ? 'self' : 'same-id');
    const isOther = peer.cluster !== undefined && self.cluster !== undefined && peer.cluster !== self.cluster;
    if (isOther) throw new BusTrouble('cluster');
    const [wanted, found] = this.#side === 'dialer' ? [self.to, peer.node] : [peer.to, self.node];
    if (wanted !== undefined && wanted !== found)
      throw new BusTrouble('not-me', `wanted ${wanted}, found ${found}`);
  }

  #proof(): Buffer {
    return frameOf(FrameType.PROOF, this.#secret.proof(this.#side, this.#transcript as Buffer));
  }

  #sides(): { readonly side: Side; readonly other: Side } {
    return { side: this.#side, other: this.#side === 'dialer' ? 'acceptor' : 'dialer' };
  }
}

function readHello(body: Buffer): Hello {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw new BusTrouble('garbage', 'a hello that is no JSON');
  }
  const hello = readData(helloShape, value, 'hello');
  if (isRefusal(hello)) throw new BusTrouble('garbage', hello.refused);
  const isRight =
    isNodeId(hello.node) && challengeForm.test(hello.challenge) && purposes.includes(hello.purpose);
  if (!isRight) throw new BusTrouble('garbage', 'a hello whose node, purpose or challenge has not its form');
  return hello;
}
