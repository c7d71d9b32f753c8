import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256 as ofBrowser } from '../../../src/sinks/sha256/sha256.browser.js';
import { sha256 as ofNode } from '../../../src/sinks/sha256/sha256.js';

const expected = (content: Uint8Array | string) => [...createHash('sha256').update(content).digest()];

it('is SHA-256 of texts and bytes of any length, in Node and in a browser', () => {
  for (let length = 0; length <= 200; length++) {
    const bytes = new Uint8Array(length).map((_, i) => 7 * i + length);
    expect([length, [...ofBrowser(bytes)]]).toEqual([length, expected(bytes)]);
  }
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 5_000 })), (content) => {
      expect([...ofBrowser(content)]).toEqual(expected(content));
      expect([...ofNode(content)]).toEqual(expected(content));
    }),
  );
});

it('takes bytes that lie within others', () => {
  const bytes = new Uint8Array(500).map((_, i) => i);
  expect([...ofBrowser(bytes.subarray(3, 400))]).toEqual(expected(bytes.subarray(3, 400)));
});
