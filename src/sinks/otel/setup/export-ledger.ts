import type { Meter } from '@opentelemetry/api';
import type { Alerts } from '../alerts.js';
import { INT, namesUnder } from '../names.js';
import type { RunTags } from '../tags.js';
import { withoutSecrets } from './secrets.js';
import type { Rejection } from './see-rejections.js';
import type { ExportCounts, ExportWatcher } from './watch-exports.js';

export interface ExportLedgerOptions {
  readonly alerts: Alerts;
  readonly run: string;
  readonly root: string;
  /** Labels, already clean. */
  readonly tags: RunTags;
  readonly maxPoints: number;
}

/** Where points go. */
export interface Destination {
  /** Said in messages. */
  readonly name: string;
  /** What is left out of messages. */
  readonly secrets: readonly string[];
}

/** Keeps count of what got through and what was lost, in numbers, in metrics, and as alerts. */
export class ExportLedger {
  readonly counts: { -readonly [K in keyof ExportCounts]: number } = {
    exports: 0,
    failures: 0,
    exportedPoints: 0,
    droppedPoints: 0,
  };
  readonly #options: ExportLedgerOptions;
  /** Those whose last export did not get through. */
  readonly #failing = new Set<Destination>();
  readonly #rejecting = new Set<Destination>();
  #countFailure: () => void = () => {};
  #countLoss: (points: number, reason: LossReason) => void = () => {};
  #closed = false;

  constructor(options: ExportLedgerOptions) {
    this.#options = options;
  }

  /** Tell of losses in metrics too: those that get through later say what was lost before. */
  countIn(meter: Meter): void {
    const { run, root, tags } = this.#options;
    const { pointsDropped, exportFailures, attributes } = namesUnder(root);
    const base = { [attributes.run]: run, ...tags };
    const dropped = meter.createCounter(pointsDropped.name, { ...pointsDropped, valueType: INT });
    const failures = meter.createCounter(exportFailures.name, { ...exportFailures, valueType: INT });
    this.#countFailure = () => failures.add(1, base);
    this.#countLoss = (points, reason) => dropped.add(points, { ...base, [attributes.reason]: reason });
    // From zero on, so that the first loss is an increase.
    failures.add(0, base);
    for (const reason of LOSS_REASONS) this.#countLoss(0, reason);
  }

  /** Watch the exports that go to one destination. */
  watch(destination: Destination): ExportWatcher {
    return {
      exported: (points, rejection) => this.#exported(destination, points, rejection),
      failed: (points, cause) => this.#failed(destination, points, cause),
    };
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

  #exported(destination: Destination, points: number, rejection: Rejection | undefined): void {
    if (this.#closed) return;
    this.counts.exports++;
    this.counts.exportedPoints += points;
    this.#failing.delete(destination);
    const { failures, droppedPoints } = this.counts;
    if (this.#failing.size === 0) {
      this.#options.alerts.end(
        'otel-export',
        `exports get through again; ${failures} have failed so far and ${droppedPoints} points are lost`,
      );
    }
    if (rejection) this.#rejected(destination, rejection);
    else if (this.#rejecting.delete(destination) && this.#rejecting.size === 0) {
      this.#options.alerts.end('otel-rejected', `all points are taken again; ${droppedPoints} are lost so far`);
    }
  }

  #rejected(destination: Destination, { points, reason }: Rejection): void {
    const why = withoutSecrets(destination.secrets, reason) || 'no reason given';
    if (points === 0) {
      this.#options.alerts.begin({
        rule: 'otel-endpoint',
        severity: 'info',
        message: `${destination.name} took an export and says: ${why}`,
      });
      return;
    }
    this.#lose(points, 'rejected');
    this.#rejecting.add(destination);
    this.#options.alerts.begin({
      rule: 'otel-rejected',
      severity: 'warning',
      message: `${destination.name} did not take ${points} points of an export: ${why}; they are lost, the training goes on`,
      value: points,
    });
  }

  #failed(destination: Destination, points: number, cause: unknown): void {
    if (this.#closed) return;
    this.counts.failures++;
    this.#countFailure();
    this.#lose(points, 'export');
    this.#failing.add(destination);
    const why = withoutSecrets(destination.secrets, reasonOf(cause));
    this.#options.alerts.begin({
      rule: 'otel-export',
      severity: 'warning',
      message: `an export to ${destination.name} failed: ${why}; its ${points} points are lost, the training goes on`,
      value: points,
    });
  }

  #lose(points: number, reason: LossReason): void {
    this.counts.droppedPoints += points;
    this.#countLoss(points, reason);
  }
}

const LOSS_REASONS = ['export', 'rejected', 'buffer'] as const;
type LossReason = (typeof LOSS_REASONS)[number];

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as NodeJS.ErrnoException;
  return cause.message || code || cause.name;
}
