import { describeValue, type RunRecord } from '../../events/index.js';
import { createParameterUpdates, type ParameterUpdatesData } from '../../parameters/index.js';
import { reviveColumns } from './revive-columns.js';

/**
 * A record that came as plain data, as it was: from a worker (what `postMessage` made of it), or from a line (what
 * `decodeRecord` gives). Columns are typed arrays again, and updates have `of(name)` and rows.
 *
 * The lines of a file of `jsonlSink` refer to each other: {@link recordDecoder} reads those.
 *
 * @throws TypeError for what is no record, and for columns that are not one number a parameter.
 *
 * @example
 * ```ts not run: a page
 * import { filter, fromEvent, map } from 'rxjs';
 * import { ofMeasurement, reviveRecord } from 'trainscope';
 *
 * const records$ = fromEvent<MessageEvent>(new Worker('worker.js'), 'message').pipe(map(({ data }) => reviveRecord(data)));
 * records$.pipe(ofMeasurement('parameter-updates')).subscribe((updates) => console.log(updates.of('w').updateNorm));
 * ```
 */
export function reviveRecord(data: unknown): RunRecord {
  if (typeof data !== 'object' || data === null || typeof (data as { type?: unknown }).type !== 'string') {
    throw new TypeError(`record: expected an event or a measurement, as plain data, got ${describeValue(data)}`);
  }
  const { names, columns } = data as { readonly names?: unknown; readonly columns?: unknown };
  if (!Array.isArray(names) || columns === undefined) return data as RunRecord;
  const { type, ...fields } = data as { readonly type: string };
  const revived = { ...fields, columns: reviveColumns('columns', columns, names.length) };
  if (type !== 'parameter-updates') return { type, ...revived } as unknown as RunRecord;
  return createParameterUpdates({ histograms: {}, ...revived } as unknown as ParameterUpdatesData<never>);
}
