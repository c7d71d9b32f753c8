import type { Attributes } from '@opentelemetry/api';
import type { GaugeFrame, GaugeOutput } from '../../gauge-frame.js';
import type { GaugesMessage } from './messages.js';

/** The last step's gauges, as they go to another thread: numbers, and the rows that it does not know. */
export class LatestGauges {
  readonly #frames = new Map<string, GaugeFrame>();
  readonly #knownRows = new Map<string, readonly Attributes[]>();

  readonly output: GaugeOutput = { write: (frame) => this.#frames.set(frame.group, frame), end: () => {} };

  take(): GaugesMessage[] {
    return [...this.#frames.values()].map(({ group, metrics, values }) => {
      const { rows, columns } = values();
      const known = isSame(rows, this.#knownRows.get(group));
      this.#knownRows.set(group, rows);
      // Copies: their memory goes over, and the measurement's stays.
      return { group, metrics, columns: columns.map((column) => Float64Array.from(column)), ...(!known && { rows }) };
    });
  }

  /** What was taken has not got there. */
  forget(): void {
    this.#knownRows.clear();
  }
}

function isSame(rows: readonly Attributes[], others: readonly Attributes[] | undefined): boolean {
  return rows === others || (rows.length === others?.length && rows.every((row, i) => row === others[i]));
}
