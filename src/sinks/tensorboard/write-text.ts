import type { PbfWriter } from 'pbf';

const UTF8 = new TextEncoder();

/** A string field. pbf's own writes characters from U+20000 on (rare Chinese, say) as others. */
export function writeText(writer: PbfWriter, field: number, text: string): void {
  writer.writeBytesField(field, UTF8.encode(text));
}
