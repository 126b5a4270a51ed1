/** MurmurHash3_x86_32 with seed 0, written down from its definition, without care for speed. */
export function plainMurmur3(bytes: Uint8Array): number {
  const uint32 = (value: bigint) => BigInt.asUintN(32, value);
  const rotated = (value: bigint, by: bigint) => uint32((value << by) | (value >> (32n - by)));
  const scrambled = (word: bigint) => uint32(rotated(uint32(word * 0xcc9e2d51n), 15n) * 0x1b873593n);
  let hash = 0n;
  for (let at = 0; at < bytes.length; at += 4) {
    const piece = bytes.slice(at, at + 4);
    const word = piece.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    hash ^= scrambled(word);
    if (piece.length === 4) hash = uint32(rotated(hash, 13n) * 5n + 0xe6546b64n);
  }
  hash ^= BigInt(bytes.length);
  hash = uint32((hash ^ (hash >> 16n)) * 0x85ebca6bn);
  hash = uint32((hash ^ (hash >> 13n)) * 0xc2b2ae35n);
  return Number(hash ^ (hash >> 16n));
}
