/**
 * Publications of one node as they go to others: those of one turn of the loop in one array that nobody else has, so that it can be given to another
 * thread.
 *
 *   byte format, word count, then of each: word length of the channel, word length of the message, channel, message; little endian
 *
 * What a stranger sends is checked to its end before the first of it is delivered, and costs no more memory than it has bytes: nothing is copied.
 */
import { Block, copyBytes } from '../../base/index.js';
import { MAX_TEXT_BYTES } from '../../resp/index.js';
import { BusTrouble } from '../bus/trouble.js';
import { MAX_PUBLICATION_BYTES, PUBLICATION_BATCH_BYTES } from './stream-form.js';

const FORMAT = 1;
const WORD_BYTES = 4;
const HEAD_BYTES = 1 + WORD_BYTES;
const ITEM_BYTES = 2 * WORD_BYTES;

/** A channel and a message, where they lie. */
export interface Publication {
  readonly block: Block;
  readonly channelAt: number;
  readonly channelLength: number;
  readonly messageAt: number;
  readonly messageLength: number;
}

/** Gathers publications. */
export class PublicationBatch {
  /** Since they were last taken. */
  count = 0;
  #block: Block | undefined;
  #end = HEAD_BYTES;

  /** False: there is no room for it beside those that are here. Alone there is, for each of at most MAX_PUBLICATION_BYTES. */
  add({ block, channelAt, channelLength, messageAt, messageLength }: Publication): boolean {
    const bytes = ITEM_BYTES + channelLength + messageLength;
    if (this.count > 0 && this.#end + bytes > PUBLICATION_BATCH_BYTES) return false;
    const to = this.#room(bytes);
    to.view.setUint32(this.#end, channelLength, true);
    to.view.setUint32(this.#end + WORD_BYTES, messageLength, true);
    copyBytes(to, this.#end + ITEM_BYTES, block, channelAt, channelLength);
    copyBytes(to, this.#end + ITEM_BYTES + channelLength, block, messageAt, messageLength);
    this.#end += bytes;
    this.count++;
    return true;
  }

  /** Those that were gathered, to be given away; there is at least one. */
  take(): Uint8Array<ArrayBuffer> {
    const block = this.#room(0);
    block.bytes[0] = FORMAT;
    block.view.setUint32(1, this.count, true);
    // So it is with one that is large: it is copied once.
    const isFull = this.#end === block.bytes.length;
    const { buffer } = isFull ? block.bytes : Buffer.allocUnsafeSlow(this.#end);
    const bytes = new Uint8Array(buffer as ArrayBuffer);
    if (isFull) this.#block = undefined;
    else bytes.set(block.bytes.subarray(0, this.#end));
    this.#end = HEAD_BYTES;
    this.count = 0;
    return bytes;
  }

  #room(bytes: number): Block {
    const needed = this.#end + bytes;
    if (this.#block === undefined || this.#block.bytes.length < needed) {
      this.#block = new Block(Buffer.allocUnsafeSlow(Math.max(needed, PUBLICATION_BATCH_BYTES)));
    }
    return this.#block;
  }
}

/** How many there are in a batch; of one that nobody has checked, as many as there can be at most. */
export function publicationCount(bytes: Uint8Array): number {
  if (bytes.length < HEAD_BYTES) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Math.min(view.getUint32(1, true), Math.floor((bytes.length - HEAD_BYTES) / ITEM_BYTES));
}

/** Throws a BusTrouble, of code `garbage` or `version`, when it is no such batch. What it returns lies in these bytes. */
export function decodePublications(bytes: Uint8Array): Publication[] {
  const block = new Block(bytes);
  if (bytes.length < HEAD_BYTES) garbage('it ends too soon');
  const [format] = bytes;
  if (format !== FORMAT)
    throw new BusTrouble('version', `publications in format ${format}, and ours is ${FORMAT}`);
  const count = block.view.getUint32(1, true);
  if (count * ITEM_BYTES > bytes.length - HEAD_BYTES)
    garbage(`${count} publications in ${bytes.length} bytes`);
  const publications: Publication[] = [];
  let at = HEAD_BYTES;
  for (let i = 0; i < count; i++) {
    if (at + ITEM_BYTES > bytes.length) garbage('it ends too soon');
    const channelLength = block.view.getUint32(at, true);
    const messageLength = block.view.getUint32(at + WORD_BYTES, true);
    const channelAt = at + ITEM_BYTES;
    const messageAt = channelAt + channelLength;
    at = messageAt + messageLength;
    if (at > bytes.length) garbage('it ends too soon');
    if (channelLength > MAX_TEXT_BYTES) garbage(`a channel of ${channelLength} bytes`);
    if (channelLength + messageLength > MAX_PUBLICATION_BYTES) garbage(`a message of ${messageLength} bytes`);
    publications.push({ block, channelAt, channelLength, messageAt, messageLength });
  }
  if (at < bytes.length) garbage('more bytes than its publications have');
  return publications;
}

function garbage(detail: string): never {
  throw new BusTrouble('garbage', detail);
}
