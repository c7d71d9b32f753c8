import { describeRecord } from '../parameters/index.js';

/**
 * For a sink that takes any record: `user` says which, such as `jsonlSink()`.
 *
 * @throws TypeError that says what to attach it to, for what is no event and no measurement.
 */
export function requireRecord(value: { readonly type: string }, user: string): void {
  if (typeof (value as { type?: unknown } | null | undefined)?.type !== 'string') throw noRecord(value, user);
}

/** As {@link requireRecord}, for a sink that tells runs apart. */
export function requireRunRecord(value: { readonly type: string }, user: string): void {
  requireRecord(value, user);
  const { run, step } = value as { readonly run?: unknown; readonly step?: unknown };
  if (typeof run !== 'string' || typeof step !== 'number') throw noRecord(value, user);
}

function noRecord(value: unknown, user: string): TypeError {
  return new TypeError(
    `stream$: expected the events or measurements of a run for ${user}, got ${describeRecord(value)}; attach it to events$, or to events$.pipe(parameterUpdates())`,
  );
}
