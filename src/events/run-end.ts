import type { EndStatus, TrainEndEvent } from './events.js';

/** How a run ended, and why. */
export interface RunEnd {
  readonly status: EndStatus;
  readonly reason?: string;
}

export const END_STATUSES: readonly EndStatus[] = ['completed', 'stopped', 'failed'];

/**
 * What a `train-end` says of the end; undefined where it says nothing. A file may be older than the status, and another
 * process may send anything.
 */
export function runEndOf({ status, reason }: TrainEndEvent): RunEnd | undefined {
  if (!END_STATUSES.includes(status)) return undefined;
  return { status, ...(typeof reason === 'string' && reason !== '' && { reason }) };
}

/** `failed: out of memory` */
export function endText({ status, reason }: RunEnd): string {
  return reason === undefined ? status : `${status}: ${reason}`;
}
