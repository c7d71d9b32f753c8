import type { Attributes } from '@opentelemetry/api';
import { END_STATUSES, type RunRecord, runEndOf } from '../../events/index.js';
import { type GaugeOutput, rowsFrame } from './gauge-frame.js';
import type { Names } from './names.js';

/** What a run can be: it is running, or has ended in one of the ways to end. */
const STATUSES = ['running', ...END_STATUSES] as const;

type Status = (typeof STATUSES)[number] | 'unknown';

/** How often it is said again, for who keeps every point and looks back some minutes. */
const AGAIN_MS = 10_000;

/**
 * Tell where a run stands: one series a status, 1 for what it is and 0 for the others, as a state is told in
 * OpenTelemetry's conventions (`k8s.pod.status.phase`, `hw.status`). All are 0 for a run that ended without saying how.
 */
export function runStatus(names: Names, output: GaugeOutput): (record: RunRecord, base: Attributes) => void {
  let status: Status | undefined;
  let saidAt = Number.NEGATIVE_INFINITY;
  let ofBase: Attributes | undefined;
  let rows: readonly Attributes[] = [];

  return (record, base) => {
    const next = statusAfter(record, ofBase === base ? status : undefined);
    const changed = next !== status || ofBase !== base;
    if (next === undefined || !(changed || record.time - saidAt >= AGAIN_MS)) return;
    if (ofBase !== base) rows = STATUSES.map((each) => ({ ...base, [names.attributes.status]: each }));
    [status, saidAt, ofBase] = [next, record.time, base];
    const values = STATUSES.map((each) => Number(each === next));
    output.write(rowsFrame('status', record.time, rows, [[names.status, values]]));
  };
}

/** An update or an evaluation may be told after the end: only another beginning makes it run again. */
function statusAfter(record: RunRecord, before: Status | undefined): Status | undefined {
  if (record.type === 'train-end') return runEndOf(record)?.status ?? 'unknown';
  if (record.type === 'train-begin') return 'running';
  const tellsOfStep = record.type === 'step-end' || record.type === 'parameter-updates';
  return before ?? (tellsOfStep ? 'running' : undefined);
}
