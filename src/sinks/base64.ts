/** As many arguments as every engine takes at a call. */
const PIECE = 8_192;

/** Bytes as base64, in Node and in a browser. */
export function base64(bytes: Uint8Array): string {
  let characters = '';
  for (let at = 0; at < bytes.length; at += PIECE) {
    characters += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  }
  return btoa(characters);
}
