import type { Changes } from '../../history/histories.js';
import { fromBase64 } from '../../history/packed-numbers.js';
import type { Slices } from '../parts/slices.js';
import { serverDetails } from './detail-source.js';
import { Stream } from './stream.js';
import type { View } from './view.js';

/** Fill the view from the data in the document, or follow the server. */
export async function connect(view: View, slices: Slices): Promise<void> {
  const embedded = document.getElementById('data');
  if (!embedded) {
    view.details.source = serverDetails(location.search, slices);
    new Stream(view, slices).follow();
    return;
  }
  view.connection = 'report';
  view.histories.apply(await unpacked(embedded.textContent ?? ''));
  view.grown();
}

async function unpacked(data: string): Promise<Changes> {
  const inflated = new Blob([fromBase64(data)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(inflated).json();
}
