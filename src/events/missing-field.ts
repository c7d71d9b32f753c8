import type { TrainingEventType } from './events.js';
import type { MeasurementType } from './measurements.js';

type Kind = 'object' | 'list' | 'text';
type Fields = Readonly<Record<string, Kind>>;

const METRICS: Fields = { metrics: 'object' };

/** What whoever takes a record of a type reads of it, beyond numbers, whose lack harms nobody. */
const FIELDS: Partial<Readonly<Record<TrainingEventType | MeasurementType, Fields>>> = {
  log: METRICS,
  evaluate: METRICS,
  predict: METRICS,
  save: { path: 'text' },
  alert: { rule: 'text', severity: 'text', message: 'text', phase: 'text' },
  control: { command: 'object', source: 'text', message: 'text' },
  ranks: { reports: 'list', missing: 'list', differences: 'list' },
  'sink-error': { sink: 'text', message: 'text' },
  'parameter-updates': { names: 'list', sizes: 'list', columns: 'object', histograms: 'object' },
  'parameter-drift': { names: 'list', sizes: 'list', columns: 'object' },
  'parameter-values': { names: 'list', sizes: 'list', columns: 'object' },
  activations: { layers: 'list' },
};

/**
 * The field that a record of a known type lacks, as records of other programs and hands may: whoever takes records leaves
 * such a one out. Undefined where it has all, and for types that are not known.
 */
export function missingField(record: { readonly type: string }): string | undefined {
  if (!Object.hasOwn(FIELDS, record.type)) return undefined;
  const fields = FIELDS[record.type as TrainingEventType]!;
  return Object.keys(fields).find((name) => !isOf(fields[name]!, (record as Readonly<Record<string, unknown>>)[name]));
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === 'text') return typeof value === 'string';
  if (kind === 'list') return Array.isArray(value);
  return typeof value === 'object' && value !== null;
}
