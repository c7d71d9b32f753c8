import { fromBase64 } from '../../history/packed-numbers.js';

/** Characters of base64 that are decoded at once: whole bytes, unpacked in a millisecond or two. */
const PART = 1 << 16;

/**
 * The lines of a report's data, a text after the other: they are unpacked as they are asked for. `turn` gives the page its
 * turn, as streams do all that they can in one task.
 */
export async function* reportLines(data: string, turn: () => Promise<void>): AsyncGenerator<string> {
  const text = bytesOf(data, turn)
    .pipeThrough(new DecompressionStream('deflate-raw'))
    .pipeThrough(new TextDecoderStream());
  const reader = text.getReader();
  let begun = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = part.value.split('\n');
    lines[0] = begun + lines[0];
    begun = lines.pop()!;
    yield* lines;
  }
}

function bytesOf(data: string, turn: () => Promise<void>): ReadableStream<BufferSource> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      await turn();
      const part = data.slice(at, at + PART);
      at += PART;
      if (part === '') controller.close();
      else controller.enqueue(fromBase64(part));
    },
  });
}
