import type { BulkDecoder } from '../resp/index.js';

/** A bulk as UTF-8 text, straight from the read buffer. What is no UTF-8 becomes U+FFFD. */
export const utf8Text: BulkDecoder<string> = (block, at, length) => {
  const { bytes } = block;
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString('utf8', at, at + length);
};

/** A bulk that nobody wants. */
export const skipBulk: BulkDecoder<null> = () => null;
