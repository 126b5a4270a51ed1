/**
 * Replication messages as bytes: each whole in one array that nobody else has, so that it can be given to another thread.
 *
 *   byte 1   format, and byte 2 what it is; then, little endian, words of 4 bytes and numbers of 8 (float64)
 *   attach   shard, epoch, attempt, replicaMs, flag held, [epoch, offset of what is held]
 *   batch    shard, epoch, session, number, offset, clockMs, heardMs, flags full 1, complete 2, count of writes, count of slice,
 *            then each of both: length, effects (effects.ts)
 *   done     shard, epoch, session, batches, offset, clockMs, replicaMs, flag complete
 *
 * What a stranger sends is checked to the last effect, before anything of it is used, and costs no more memory than it has bytes: the
 * writes of a batch are copied, since they stay in the backlog long after the slices that came with them.
 */
import { Block, copyBytes } from '../../base/index.js';
import type { History, ReplicationMessage } from '../../cluster/index.js';
import { BusTrouble } from '../bus/trouble.js';
import { type EffectGroup, EffectReader, EffectWriter } from './effects.js';

type Message = ReplicationMessage<EffectGroup>;
type Attach = Extract<Message, { kind: 'replication/attach' }>;
type Batch = Extract<Message, { kind: 'replication/batch' }>;
type Done = Extract<Message, { kind: 'replication/done' }>;

const FORMAT = 1;
const ATTACH = 1;
const BATCH = 2;
const DONE = 3;

const HEAD_BYTES = 2;
const WORD_BYTES = 4;
const NUMBER_BYTES = 8;
const ATTACH_BYTES = HEAD_BYTES + WORD_BYTES + 3 * NUMBER_BYTES + 1;
const BATCH_BYTES = HEAD_BYTES + WORD_BYTES + 6 * NUMBER_BYTES + 1 + 2 * WORD_BYTES;
const DONE_BYTES = HEAD_BYTES + WORD_BYTES + 6 * NUMBER_BYTES + 1;

const FULL = 1;
const COMPLETE = 2;

export function encodeReplication(message: Message): Uint8Array {
  if (message.kind === 'replication/batch') return encodeBatch(message);
  return message.kind === 'replication/attach' ? encodeAttach(message) : encodeDone(message);
}

/** Reads them on one node: what stays of many small ones shares a block. */
export class ReplicationDecoder {
  #kept: EffectGroup[] = [];
  readonly #keeper = new EffectWriter((group) => void this.#kept.push(group));

  /** Throws a BusTrouble, of code `garbage` or `version`, when it is no such message. */
  decode(bytes: Uint8Array): Message {
    const reader = new Reader(new Block(bytes));
    const format = reader.byte();
    if (format !== FORMAT)
      throw new BusTrouble('version', `replication in format ${format}, and ours is ${FORMAT}`);
    const kind = reader.byte();
    const message =
      kind === ATTACH
        ? decodeAttach(reader)
        : kind === BATCH
          ? decodeBatch(reader)
          : kind === DONE
            ? decodeDone(reader)
            : garbage('a replication message of no known kind');
    if (reader.left !== 0) garbage('more bytes than a replication message has');
    return message.kind === 'replication/batch'
      ? { ...message, writes: this.#keep(message.writes) }
      : message;
  }

  /** The same groups, apart from the message. */
  #keep(groups: readonly EffectGroup[]): EffectGroup[] {
    for (const group of groups) {
      this.#keeper.copy(group);
      this.#keeper.close();
    }
    const kept = this.#kept;
    this.#kept = [];
    return kept;
  }
}

// -- attach

function encodeAttach({ shard, epoch, held, attempt, replicaMs }: Attach): Uint8Array {
  const writer = new Writer(ATTACH, ATTACH_BYTES + (held === undefined ? 0 : 2 * NUMBER_BYTES));
  writer.word(shard);
  writer.number(epoch);
  writer.number(attempt);
  writer.number(replicaMs);
  writer.byte(held === undefined ? 0 : 1);
  if (held !== undefined) {
    writer.number(held.epoch);
    writer.number(held.offset);
  }
  return writer.bytes;
}

function decodeAttach(reader: Reader): Attach {
  const [shard, epoch, attempt] = [reader.word(), reader.count(), reader.count()];
  const replicaMs = reader.time();
  const flag = reader.byte();
  if (flag > 1) garbage('an unknown flag');
  const held: History | undefined =
    flag === 1 ? { epoch: reader.count(), offset: reader.count() } : undefined;
  return { kind: 'replication/attach', shard, epoch, held, attempt, replicaMs };
}

// -- batch

function encodeBatch(batch: Batch): Uint8Array {
  const { writes, slice } = batch;
  let length = BATCH_BYTES;
  for (const group of writes) length += WORD_BYTES + group.length;
  for (const group of slice) length += WORD_BYTES + group.length;
  const writer = new Writer(BATCH, length);
  writer.word(batch.shard);
  writer.number(batch.epoch);
  writer.number(batch.session);
  writer.number(batch.number);
  writer.number(batch.offset);
  writer.number(batch.clockMs);
  writer.number(batch.heardMs);
  writer.byte((batch.isFull ? FULL : 0) | (batch.isComplete ? COMPLETE : 0));
  writer.word(writes.length);
  writer.word(slice.length);
  for (const group of writes) writer.group(group);
  for (const group of slice) writer.group(group);
  return writer.bytes;
}

function decodeBatch(reader: Reader): Batch {
  const [shard, epoch, session, number] = [reader.word(), reader.count(), reader.count(), reader.count()];
  const [offset, clockMs, heardMs] = [reader.count(), reader.time(), reader.time()];
  const flags = reader.byte();
  if (flags > (FULL | COMPLETE)) garbage('an unknown flag');
  const [writeCount, sliceCount] = [reader.word(), reader.word()];
  return {
    kind: 'replication/batch',
    shard,
    epoch,
    session,
    number,
    isFull: (flags & FULL) !== 0,
    offset,
    writes: reader.groups(writeCount),
    slice: reader.groups(sliceCount),
    isComplete: (flags & COMPLETE) !== 0,
    clockMs,
    heardMs,
  };
}

// -- done

function encodeDone(done: Done): Uint8Array {
  const { shard, epoch, session, batches, offset, isComplete, clockMs, replicaMs } = done;
  const writer = new Writer(DONE, DONE_BYTES);
  writer.word(shard);
  writer.number(epoch);
  writer.number(session);
  writer.number(batches);
  writer.number(offset);
  writer.number(clockMs);
  writer.number(replicaMs);
  writer.byte(isComplete ? 1 : 0);
  return writer.bytes;
}

function decodeDone(reader: Reader): Done {
  const [shard, epoch, session, batches] = [reader.word(), reader.count(), reader.count(), reader.count()];
  const [offset, clockMs, replicaMs] = [reader.count(), reader.time(), reader.time()];
  const flag = reader.byte();
  if (flag > 1) garbage('an unknown flag');
  return {
    kind: 'replication/done',
    shard,
    epoch,
    session,
    batches,
    offset,
    isComplete: flag === 1,
    clockMs,
    replicaMs,
  };
}

// -- bytes

class Writer {
  readonly bytes: Uint8Array;
  readonly #block: Block;
  #at = 0;

  constructor(kind: number, length: number) {
    // Of its own, so that it can be transferred; every byte of it is written.
    this.bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    this.#block = new Block(this.bytes);
    this.byte(FORMAT);
    this.byte(kind);
  }

  byte(value: number): void {
    this.bytes[this.#at++] = value;
  }

  word(value: number): void {
    this.#block.view.setUint32(this.#at, value, true);
    this.#at += WORD_BYTES;
  }

  number(value: number): void {
    this.#block.view.setFloat64(this.#at, value, true);
    this.#at += NUMBER_BYTES;
  }

  group({ block, at, length }: EffectGroup): void {
    this.word(length);
    copyBytes(this.#block, this.#at, block, at, length);
    this.#at += length;
  }
}

class Reader {
  readonly #block: Block;
  readonly #effects = new EffectReader();
  #at = 0;

  constructor(block: Block) {
    this.#block = block;
  }

  get left(): number {
    return this.#block.bytes.length - this.#at;
  }

  byte(): number {
    return this.#block.view.getUint8(this.#take(1));
  }

  word(): number {
    return this.#block.view.getUint32(this.#take(WORD_BYTES), true);
  }

  /** A number of things, from 0 on. */
  count(): number {
    const value = this.#block.view.getFloat64(this.#take(NUMBER_BYTES), true);
    return Number.isSafeInteger(value) && value >= 0 ? value : garbage(`${value} is no count`);
  }

  /** A time in ms, or -1. */
  time(): number {
    const value = this.#block.view.getFloat64(this.#take(NUMBER_BYTES), true);
    return Number.isFinite(value) && value >= -1 ? value : garbage(`${value} is no time`);
  }

  /** So many groups, every effect of which is sound. */
  groups(count: number): EffectGroup[] {
    if (count * WORD_BYTES > this.left) garbage(`${count} writes in ${this.left} bytes`);
    const groups: EffectGroup[] = [];
    for (let i = 0; i < count; i++) {
      const length = this.word();
      if (length === 0) garbage('a write without effect');
      const at = this.#take(length);
      this.#check(at, at + length);
      groups.push({ block: this.#block, at, length });
    }
    return groups;
  }

  #check(at: number, end: number): void {
    for (let place = at; place < end; ) {
      place = this.#effects.read(this.#block, place, end);
      if (place < 0) garbage('a write that says nothing known');
    }
  }

  #take(length: number): number {
    if (length > this.left) garbage('it ends too soon');
    const at = this.#at;
    this.#at += length;
    return at;
  }
}

function garbage(detail: string): never {
  throw new BusTrouble('garbage', detail);
}
