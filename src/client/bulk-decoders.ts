import type { BulkDecoder } from '../resp/index.js';

/** A bulk as UTF-8 text, straight from the read buffer. What is no UTF-8 becomes U+FFFD. */
export const utf8Text: BulkDecoder<string> = (block, at, length) => {
  const { bytes } = block;
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString('utf8', at, at + length);
};

/** Names and tokens are shorter, in bytes. */
const SHORT_BYTES = 64;

/** The same of a short bulk; of a longer one nothing. */
export const shortText: BulkDecoder<string | null> = (block, at, length, owned) =>
  length <= SHORT_BYTES ? utf8Text(block, at, length, owned) : null;

/** A bulk that nobody wants. */
export const skipBulk: BulkDecoder<null> = () => null;
