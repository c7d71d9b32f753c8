import type { Meter } from '@opentelemetry/api';
import type { Alerts } from '../alerts.js';
import { namesUnder } from '../names.js';
import type { ExportCounts, ExportWatcher } from './watch-exports.js';

export interface ExportLedgerOptions {
  readonly alerts: Alerts;
  /** Said in messages. */
  readonly destination: string;
  readonly run: string;
  readonly root: string;
  readonly maxPoints: number;
}

/** Keeps count of what got through and what was lost, in numbers, in metrics, and as alerts. */
export class ExportLedger implements ExportWatcher {
  readonly counts: { -readonly [K in keyof ExportCounts]: number } = {
    exports: 0,
    failures: 0,
    exportedPoints: 0,
    droppedPoints: 0,
  };
  readonly #options: ExportLedgerOptions;
  #countFailure: () => void = () => {};
  #countLoss: (points: number, reason: LossReason) => void = () => {};
  #closed = false;

  constructor(options: ExportLedgerOptions) {
    this.#options = options;
  }

  /** Tell of losses in metrics too: those that get through later say what was lost before. */
  countIn(meter: Meter): void {
    const { run, root } = this.#options;
    const { pointsDropped, exportFailures, attributes } = namesUnder(root);
    const base = { [attributes.run]: run };
    const dropped = meter.createCounter(pointsDropped.name, pointsDropped);
    const failures = meter.createCounter(exportFailures.name, exportFailures);
    this.#countFailure = () => failures.add(1, base);
    this.#countLoss = (points, reason) => dropped.add(points, { ...base, [attributes.reason]: reason });
    // From zero on, so that the first loss is an increase.
    failures.add(0, base);
    for (const reason of LOSS_REASONS) this.#countLoss(0, reason);
  }

  exported(points: number): void {
    if (this.#closed) return;
    this.counts.exports++;
    this.counts.exportedPoints += points;
    const { failures, droppedPoints } = this.counts;
    this.#options.alerts.end(
      'otel-export',
      `exports get through again; ${failures} have failed so far and ${droppedPoints} points are lost`,
    );
  }

  failed(points: number, cause: unknown): void {
    if (this.#closed) return;
    this.counts.failures++;
    this.#countFailure();
    this.#lose(points, 'export');
    this.#options.alerts.begin({
      rule: 'otel-export',
      severity: 'warning',
      message: `an export to ${this.#options.destination} failed: ${reasonOf(cause)}; its ${points} points are lost, the training goes on`,
      value: points,
    });
  }

  /** Points that had to go before anybody collected them. */
  dropped(points: number): void {
    this.#lose(points, 'buffer');
    const { maxPoints } = this.#options;
    this.#options.alerts.begin({
      rule: 'otel-points-dropped',
      severity: 'warning',
      message: `more than ${maxPoints} points wait for an export: the oldest are dropped and counted; let the loop yield, export more often, ask for less detail, or raise maxPoints`,
      value: points,
      threshold: maxPoints,
    });
  }

  /** What is still under way is left behind, and lost. */
  close(pendingPoints: number): void {
    this.#closed = true;
    this.counts.droppedPoints += pendingPoints;
  }

  #lose(points: number, reason: LossReason): void {
    this.counts.droppedPoints += points;
    this.#countLoss(points, reason);
  }
}

const LOSS_REASONS = ['export', 'buffer'] as const;
type LossReason = (typeof LOSS_REASONS)[number];

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as NodeJS.ErrnoException;
  return cause.message || code || cause.name;
}
