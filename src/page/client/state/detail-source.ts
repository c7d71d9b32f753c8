import type { Changes } from '../../history/changes.js';
import { type DetailRequest, writeDetailRequest } from '../../history/detail-request.js';
import { Histories } from '../../history/histories.js';
import type { Slices, Work } from '../parts/slices.js';

/** Names of what a run has, in any size of model. */
export interface RunNames {
  readonly parameters: readonly string[];
  readonly layers: readonly string[];
}

/** Somebody who knows more of some steps than the histories of the page have. */
export interface DetailSource {
  /** Histories of these steps alone. Rejects where they cannot be had now. */
  ask(request: DetailRequest, signal: AbortSignal): Promise<Histories>;
  /** All parameters and layers of a run. */
  names(run: string, signal: AbortSignal): Promise<RunNames>;
}

/** The server of the page: `search` is that of the page's address, which says of which runs it is. */
export function serverDetails(search: string, slices: Slices): DetailSource {
  const get = async (path: string, params: string, signal: AbortSignal) => {
    const said = [search.replace(/^\?/, ''), params].filter(Boolean).join('&');
    const response = await fetch(`${path}?${said}`, { signal });
    if (!response.ok) throw new Error(await response.text());
    return response;
  };
  return {
    async ask(request, signal) {
      const response = await get('detail', writeDetailRequest(request), signal);
      const lines = (await response.text()).split('\n');
      const histories = new Histories();
      await slices.run(applying(lines, histories));
      return histories;
    },
    async names(run, signal) {
      const response = await get('names', new URLSearchParams([['of', run]]).toString(), signal);
      return response.json();
    },
  };
}

/** Pieces of changes, a line each. */
function* applying(lines: readonly string[], histories: Histories): Work {
  for (const line of lines) {
    if (line !== '') histories.apply(JSON.parse(line) as Changes);
    yield;
  }
}
