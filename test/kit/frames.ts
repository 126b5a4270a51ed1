/**
 * Replies as bytes: where one reply ends and the next begins, and what it says.
 *
 * Written apart from `src/resp` on purpose: a test which read replies with the product's own reader would share its
 * mistakes. Slow and simple; a frame is kept whole, so that two servers can be compared byte by byte.
 */

/** One reply, decoded. `type` is its first byte; null replies have the value `null`. */
export interface Reply {
  readonly type: string;
  readonly value: string | null | readonly Reply[];
}

/** Cuts a stream of replies into frames. */
export class FrameScanner {
  #pending: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];

  /** Takes what arrived and returns the frames which are now complete. */
  feed(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    // A large reply arrives in many chunks: join them only when enough for the next frame may be there.
    let bytes = this.#pending.length;
    for (const part of this.#chunks) bytes += part.length;
    if (bytes < this.#wanted) return [];
    this.#pending = Buffer.concat([this.#pending, ...this.#chunks]);
    this.#chunks = [];
    const frames: Buffer[] = [];
    let at = 0;
    for (;;) {
      const end = frameEnd(this.#pending, at);
      if (end < 0) {
        this.#wanted = -end - at;
        break;
      }
      frames.push(this.#pending.subarray(at, end));
      at = end;
    }
    this.#pending = this.#pending.subarray(at);
    return frames;
  }

  /** Bytes which belong to no complete frame yet. */
  get rest(): Buffer {
    return Buffer.concat([this.#pending, ...this.#chunks]);
  }

  #wanted = 0;
}

/** The text of bytes as a string literal would show it. */
export function show(bytes: Buffer | string, limit = 400): string {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1');
  const cut = text.length > limit ? text.slice(0, limit) : text;
  let shown = '';
  for (const char of cut) {
    const code = char.charCodeAt(0);
    if (char === '\r') shown += '\\r';
    else if (char === '\n') shown += '\\n';
    else if (char === '"' || char === '\\') shown += `\\${char}`;
    else if (code < 32 || code > 126) shown += `\\x${code.toString(16).padStart(2, '0')}`;
    else shown += char;
  }
  return cut === text ? `"${shown}"` : `"${shown}"... (${text.length} bytes)`;
}

/** Decodes one whole frame. */
export function decode(frame: Buffer): Reply {
  const [reply, end] = decodeAt(frame, 0);
  if (end !== frame.length)
    throw new Error(`${frame.length - end} bytes are left behind the reply ${show(frame)}`);
  return reply;
}

/** The values of a reply alone: strings, null and arrays of them. What most expectations want to see. */
export type Plain = string | null | readonly Plain[];

export function plain(reply: Reply): Plain {
  return Array.isArray(reply.value)
    ? reply.value.map((item: Reply) => plain(item))
    : (reply.value as string | null);
}

/** A request as clients send it. */
export function encodeRequest(args: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`, 'latin1')];
  for (const arg of args) {
    const bytes = typeof arg === 'string' ? Buffer.from(arg, 'latin1') : arg;
    parts.push(Buffer.from(`$${bytes.length}\r\n`, 'latin1'), bytes, Buffer.from('\r\n', 'latin1'));
  }
  return Buffer.concat(parts);
}

/** The end of the frame at `at`; or, when it is not whole, minus the least size of the buffer that would help. */
function frameEnd(bytes: Buffer, at: number): number {
  const line = bytes.indexOf('\r\n', at, 'latin1');
  if (line < 0) return -(bytes.length + 1);
  let end = line + 2;
  const type = String.fromCharCode(bytes[at]);
  const head = bytes.toString('latin1', at + 1, line);
  switch (type) {
    case '+':
    case '-':
    case ':':
    case '_':
    case ',':
    case '#':
    case '(':
      return end;
    case '$':
    case '=':
    case '!': {
      const length = Number(head);
      if (length < 0) return end;
      end += length + 2;
      return end <= bytes.length ? end : -end;
    }
    case '*':
    case '~':
    case '>':
    case '%': {
      const count = Number(head) * (type === '%' ? 2 : 1);
      for (let i = 0; i < count; i++) {
        if (end >= bytes.length) return -(end + 1);
        end = frameEnd(bytes, end);
        if (end < 0) return end;
      }
      return end;
    }
    default:
      throw new Error(`no reply begins so: ${show(bytes.subarray(at))}`);
  }
}

function decodeAt(bytes: Buffer, at: number): [Reply, number] {
  const line = bytes.indexOf('\r\n', at, 'latin1');
  const type = String.fromCharCode(bytes[at]);
  const head = bytes.toString('latin1', at + 1, line);
  let end = line + 2;
  if (type === '_') return [{ type, value: null }, end];
  if ('+-:,#('.includes(type)) return [{ type, value: head }, end];
  const count = Number(head);
  if (count < 0) return [{ type, value: null }, end];
  if ('$=!'.includes(type))
    return [{ type, value: bytes.toString('latin1', end, end + count) }, end + count + 2];
  const items: Reply[] = [];
  for (let i = type === '%' ? count * 2 : count; i > 0; i--) {
    const [item, next] = decodeAt(bytes, end);
    items.push(item);
    end = next;
  }
  return [{ type, value: items }, end];
}
