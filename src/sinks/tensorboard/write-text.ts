import type { PbfWriter } from 'pbf';

const UTF8 = new TextEncoder();

/** A string field. pbf's own writes characters from U+20000 on (rare Chinese, say) as others. */
export function writeText(writer: PbfWriter, field: number, text: string): void {
  writer.writeBytesField(field, UTF8.encode(text));
}

/** Tags come back at every step: encoding them anew is half the work. */
const MOST_KNOWN = 10_000;
const known = new Map<string, Uint8Array>();

/** As {@link writeText}, for a text that will come again. */
export function writeKnownText(writer: PbfWriter, field: number, text: string): void {
  let bytes = known.get(text);
  if (!bytes) {
    if (known.size >= MOST_KNOWN) known.clear();
    bytes = UTF8.encode(text);
    known.set(text, bytes);
  }
  writer.writeBytesField(field, bytes);
}
