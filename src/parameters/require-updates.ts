import type { AnyParameterUpdates } from './parameter-updates.js';

/** How something that came by a stream is said in an error. */
export function describeRecord(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  const { type } = value as { readonly type?: unknown };
  return typeof type === 'string' ? `a record of type ${JSON.stringify(type)}` : 'an object without a type';
}

/**
 * For whoever takes updates only: `user` says who, such as `csvSink()`.
 *
 * @throws TypeError that says what to put before, for anything but the updates of a step.
 */
export function requireUpdates(value: AnyParameterUpdates, user: string): void {
  if ((value as { readonly type?: unknown } | null | undefined)?.type === 'parameter-updates') return;
  throw new TypeError(
    `stream$: expected parameter updates and nothing else for ${user}, got ${describeRecord(value)}; give it events$.pipe(parameterUpdates())`,
  );
}
