import { type Histories, linesOf, standaloneDocument } from '../../page/index.js';
import { base64 } from '../base64.js';
import { sha256 } from '../sha256/index.js';

/** The page of these histories as one file, as `reportSink` writes it. */
export async function reportOf(histories: Histories): Promise<Blob> {
  const data = base64(await deflated([...linesOf(histories.piecesSince(0))]));
  const document = standaloneDocument(data, (text) => base64(sha256(text)));
  return new Blob([document], { type: 'text/html;charset=utf-8' });
}

async function deflated(texts: string[]): Promise<Uint8Array> {
  const stream = new Blob(texts).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
