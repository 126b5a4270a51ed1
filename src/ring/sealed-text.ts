/**
 * A text that tells whether it is whole: for what a node keeps on its disk, where half of a file may be written and a bit may flip.
 *
 *   sealed 1 258301 9f3a01c2\n{"format":1,...
 *          │ │      └── CRC-32 of the text, 8 hexadecimal digits
 *          │ └── its length in characters
 *          └── form of this line
 *
 * A file that was cut short, or goes on with the rest of an older one, has another length. It is no protection against somebody
 * who means to change it. Cost: some 2 ns a character.
 */
import { type Refusal, refusal } from './refusal.js';

const head = /^sealed (\d{1,10}) (\d{1,15}) ([0-9a-f]{8})\n/;
const FORM = '1';

/** CRC-32 as zlib, gzip and PNG have it (polynomial 0xEDB88320, reflected). */
const CRC32_TABLE = makeTable();

function makeTable(): Int32Array {
  const table = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    table[byte] = crc;
  }
  return table;
}

export function sealText(text: string): string {
  return `sealed ${FORM} ${text.length} ${hex32(crc32(text))}\n${text}`;
}

/** The text that was sealed, or what happened to it. */
export function unsealText(sealed: string): { readonly text: string } | Refusal {
  const found = head.exec(sealed);
  if (found === null) return refusal(['it does not begin as a sealed text does']);
  const [line, form, length, crc] = found;
  if (form !== FORM)
    return refusal([`it is sealed in form ${form}, and known here is form ${FORM}: use a newer Nuthatch`]);
  const text = sealed.slice(line.length);
  if (text.length !== Number(length))
    return refusal([`it has ${text.length} characters where it had ${length} when it was written`]);
  if (hex32(crc32(text)) !== crc) return refusal(['its checksum is not what it was when it was written']);
  return { text };
}

/** Of the low bytes of ASCII; of other characters both bytes count, the low one first. */
export function crc32(text: string): number {
  let crc = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    crc = CRC32_TABLE[(crc ^ code) & 0xff] ^ (crc >>> 8);
    if (code > 0x7f) crc = CRC32_TABLE[(crc ^ (code >>> 8)) & 0xff] ^ (crc >>> 8);
  }
  return ~crc;
}

/** 32 bits as 8 hexadecimal digits. */
export function hex32(bits: number): string {
  return (bits >>> 0).toString(16).padStart(8, '0');
}
