import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sealText, unsealText } from './index.js';
import { crc32 } from './sealed-text.js';
import { refused, right } from './topology.testkit.js';

const text = fc.string({ maxLength: 60 });

test('what was sealed comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      assert.equal(right(unsealText(sealText(text))).text, text);
    }),
  );
});

test('any bit that flipped is found, wherever it is', () => {
  fc.assert(
    fc.property(text, fc.nat(), fc.nat(6), (text, at, bit) => {
      const sealed = sealText(text);
      const place = at % sealed.length;
      const flipped = String.fromCharCode(sealed.charCodeAt(place) ^ (1 << bit));
      refused(unsealText(sealed.slice(0, place) + flipped + sealed.slice(place + 1)));
    }),
    { numRuns: 1000 },
  );
});

test('a part of it, and more than it, is found', () => {
  fc.assert(
    fc.property(text, fc.nat(), (text, at) => {
      const sealed = sealText(text);
      refused(unsealText(sealed.slice(0, at % sealed.length)));
      refused(unsealText(`${sealed}${sealed.slice(at % sealed.length)}`));
    }),
  );
});

test('it says what happened', () => {
  const sealed = sealText('hello');
  assert.match(sealed, /^sealed 1 5 3610a686\nhello$/);
  assert.match(refused(unsealText('')), /does not begin/);
  assert.match(refused(unsealText(sealed.slice(0, -1))), /has 4 characters where it had 5/);
  assert.match(refused(unsealText(sealed.replace('hello', 'hallo'))), /checksum/);
  assert.match(
    refused(unsealText(sealed.replace('sealed 1', 'sealed 2'))),
    /form 2, .* use a newer Nuthatch/,
  );
});

test('the checksum is the CRC-32 of zlib', () => {
  assert.equal(crc32('123456789') >>> 0, 0xcbf43926);
});
