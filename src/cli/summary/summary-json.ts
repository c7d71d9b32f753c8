import { lineOf, objectText } from '../../events/serial/index.js';
import { ratioHealth } from '../../parameters/index.js';
import type { Series } from '../../plot/index.js';
import type { RunSummary } from './run-summary.js';
import { chosenRows, describe, type TextOptions } from './table-text.js';

/** What a summary says of a run, for programs; null is for what is not known. */
export function jsonOfRun(summary: RunSummary, options: Pick<TextOptions, 'top'>): object {
  const { run, steps, epoch, beganAt, endedAt, finished, losses, learningRates, evaluated, alerts } = summary;
  const { statistic, series } = summary.parameters;
  return {
    run,
    steps,
    epoch,
    durationMs: endedAt - (beganAt ?? endedAt),
    finished,
    end: summary.end ?? null,
    loss: course(losses),
    learningRate: course(learningRates),
    evaluation: evaluated ?? null,
    alerts: alerts.map(({ step, rule, severity, message }) => ({ step, rule, severity, message })),
    sinkErrors: summary.sinkErrors,
    parameters: series.length > 0 ? jsonOfTable(series, statistic, options) : null,
  };
}

/** The table of the parameters: of one statistic, `null` where the file does not name it. */
export function jsonOfTable(
  series: readonly Series[],
  statistic: string | undefined,
  { top = Infinity }: Pick<TextOptions, 'top'>,
): object {
  const isRatio = statistic === 'updateRatio' || statistic === 'update_ratio';
  return {
    statistic: statistic ?? null,
    rows: chosenRows(series, top).map(({ name, steps, values }) => ({
      parameter: name,
      firstStep: steps[0],
      lastStep: steps.at(-1),
      ...describe(values, isRatio),
      ...(isRatio && { health: ratioHealth(values.at(-1)!) }),
    })),
  };
}

/** Null for a loop that never shows it. */
function course(values: readonly number[]): object | null {
  return values.length === 0 ? null : { first: values[0], last: values.at(-1) };
}

/** As a recorded run has it: null for a number that JSON lacks, and `$` last, which says which and where. */
export function jsonText(summary: object): string {
  return `${JSON.stringify(JSON.parse(lineOf(objectText(summary))), null, 2)}\n`;
}
