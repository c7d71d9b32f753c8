import { createHash } from 'node:crypto';

/** The SHA-256 of bytes, or of a text in UTF-8. In a browser it is sha256.browser.ts. */
export function sha256(content: Uint8Array | string): Uint8Array {
  return createHash('sha256').update(content).digest();
}
