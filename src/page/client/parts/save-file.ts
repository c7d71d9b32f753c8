/** So long a browser may take to begin with what it has been asked to save. */
const BEGUN_WITHIN_MS = 60_000;

/**
 * Let the person at the page save a file: as a click on a link to it would. The page's own policy has a say; a frame that
 * is sandboxed needs `allow-downloads`.
 *
 * @throws Error where there is no page, as in a worker: post the file to the page, and save it there.
 *
 * @example
 * ```ts not run: a page
 * import { observe } from 'trainscope';
 * import { downloadSink, saveFile } from 'trainscope/browser';
 *
 * const run = observe({ weight: Float32Array.of(1) });
 * const download = downloadSink();
 * run.attach(run.events$, download);
 * document.querySelector('button')?.addEventListener('click', async () => saveFile(await download.file('jsonl')));
 * ```
 */
export function saveFile(file: File): void {
  if (typeof document === 'undefined') {
    throw new Error(
      'saveFile(): expected a page with a document, got none; post the file to the page: it can be cloned',
    );
  }
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), BEGUN_WITHIN_MS);
}
