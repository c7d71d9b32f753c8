import type { Readable } from 'node:stream';

/** Waits for what a stream of text has to hold. */
export async function until(stream: Readable, pattern: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (pattern.test(text)) return text;
  }
  throw new Error(`ended before ${pattern}: ${text}`);
}
