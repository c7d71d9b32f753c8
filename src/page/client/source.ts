import { type Changes, Histories } from '../history/histories.js';
import { fromBase64 } from '../history/packed-numbers.js';
import { haveEnded } from './run-state.js';
import type { View } from './view.js';

/** Fill the view from the data in the document, or follow the server. */
export async function connect(view: View): Promise<void> {
  const embedded = document.getElementById('data');
  if (!embedded) {
    follow(view);
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

function follow(view: View): void {
  const stream = new EventSource(`events${location.search}`);
  const set = (connection: View['connection']) => {
    view.connection = connection;
    view.grown();
  };
  stream.addEventListener('open', () => set('open'));
  stream.addEventListener('message', ({ data }) => {
    const changes = JSON.parse(data) as Changes;
    // From nothing: a first connection, or a server that does not know what this page has had.
    if (changes.from === 0) view.histories = new Histories();
    view.histories.apply(changes);
    view.grown();
  });
  stream.addEventListener('error', () => {
    // The process of a finished run is gone for good: what is shown is all there is.
    if (haveEnded([...view.histories.runs.values()])) stream.close();
    // Refused, not cut off: the browser gives up, so it is tried again here.
    else if (stream.readyState === EventSource.CLOSED) setTimeout(() => follow(view), 5000);
    set('lost');
  });
}
