import { lastValueFrom, type Observable, of, toArray } from 'rxjs';
import type { RunRecord } from 'trainscope';
import { jsonlSink, replay } from 'trainscope/node';

/** Everything that a stream gives, when it has ended. */
export function all<T>(stream$: Observable<T>): Promise<T[]> {
  return lastValueFrom(stream$.pipe(toArray()));
}

/** Record `records` to a file. */
export async function record(path: string, records: readonly { readonly type: string }[]): Promise<string> {
  const sink = jsonlSink(path);
  of(...records).subscribe(sink);
  await sink.closed;
  return path;
}

/** `records` as they come back from a file. */
export async function recorded(path: string, records: readonly { readonly type: string }[]): Promise<RunRecord[]> {
  return all(replay(await record(path, records)));
}
