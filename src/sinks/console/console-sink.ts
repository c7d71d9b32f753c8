import {
  checkOneOf,
  checkOptions,
  checkPositiveInteger,
  checkThat,
  type RunRecord,
  type Sink,
} from '../../events/index.js';
import { type AnyParameterUpdates, columnOf, STATISTICS, type Statistic } from '../../parameters/index.js';
import { createSink, type SinkWork } from '../create-sink.js';
import { requireRecord } from '../require-record.js';
import { wholeRecords } from '../whole-records.js';
import type { ConsoleTable } from './console-table.js';
import { threeDigits } from './format.js';
import { updateLines } from './lines.js';
import { noteOf } from './notes.js';
import { type Progress, progressLine } from './progress.js';
import { drawingOn, standardOutput } from './standard-output.js';
import { tableLines } from './table.js';
import { type ConsoleOutput, Terminal } from './terminal.js';

/** `lines`: one line a parameter and step. `table`: all parameters, drawn in place. `progress`: one line, drawn in place. */
export type ConsoleStyle = 'lines' | 'table' | 'progress';

/** Options of {@link consoleSink}: what it prints, how often, and where. */
export interface ConsoleSinkOptions {
  /** Default: `lines`. */
  readonly style?: ConsoleStyle;
  /** What `lines` shows. Default: `updateNorm`. */
  readonly statistic?: Statistic;
  /** Parameters in the table at most. Default: as many as the terminal has rows for. */
  readonly top?: number;
  /** More that is printed and stays: `confusionTable`, `modelTable`, `valuesTable`, or functions of your own. */
  readonly tables?: readonly ConsoleTable[];
  /** Milliseconds between two drawings. Default: 100 in a terminal, 2000 in a pipe. */
  readonly intervalMs?: number;
  /** Default: standard output; the console in a browser. */
  readonly output?: ConsoleOutput;
  /** Milliseconds since any moment, never set back. Default: `performance.now`. */
  readonly clock?: () => number;
}

const STYLES: readonly ConsoleStyle[] = ['lines', 'table', 'progress'];

/**
 * Show training on the console: the tutorial's lines, a live table, or a progress line.
 *
 * In a terminal the table and the progress line are drawn in place, ten times a second at most; in a pipe they are plain
 * rows, one every two seconds and the last. Evaluations, logs, alerts, control, sink errors and an early end, where the
 * stream carries them, are lines that stay. Names are shown as text, whatever characters they hold. When the output is
 * gone (`| head`), the sink fails as any sink does, and the training goes on.
 *
 * @throws TypeError for an unknown option.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { consoleSink, parameterUpdates } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(tf.train.sgd(0.1));
 * training.attach(training.events$.pipe(parameterUpdates()), consoleSink({ style: 'table' }));
 * ```
 */
export function consoleSink(options: ConsoleSinkOptions = {}): Sink<RunRecord> {
  checkOptions('consoleSink', options, {
    style: true,
    statistic: true,
    top: true,
    tables: true,
    intervalMs: true,
    output: true,
    clock: true,
  });
  checkOneOf('style', options.style ?? 'lines', STYLES);
  checkOneOf('statistic', options.statistic ?? 'updateNorm', STATISTICS);
  if (options.top !== undefined) checkPositiveInteger('top', options.top);
  const { output = standardOutput(), tables = [] } = options;
  const areFunctions = Array.isArray(tables) && tables.every((table) => typeof table === 'function');
  checkThat('tables', areFunctions, 'a list of functions', tables);
  return drawingOn(
    createSink(
      'consoleSink',
      wholeRecords(new Show(options, output), (record) => requireRecord(record, 'consoleSink()')),
    ),
    output,
  );
}

class Show implements SinkWork<RunRecord> {
  readonly #style: ConsoleStyle;
  readonly #statistic: Statistic;
  readonly #terminal: Terminal;
  readonly #inPlace: boolean;
  readonly #intervalMs: number;
  readonly #clock: () => number;
  readonly #top: number | undefined;
  readonly #tables: readonly ConsoleTable[];
  #progress: Progress | undefined;
  #updates: AnyParameterUpdates | undefined;
  #first: { readonly step: number; readonly time: number } | undefined;
  #plan: { maxSteps?: number; numEpochs?: number } = {};
  #drawnAt = -Infinity;
  #drawnStep = -1;
  #headed = false;

  constructor(options: ConsoleSinkOptions, output: ConsoleOutput) {
    this.#style = options.style ?? 'lines';
    this.#statistic = options.statistic ?? 'updateNorm';
    this.#terminal = new Terminal(output);
    this.#inPlace = output.isTTY ?? false;
    this.#intervalMs = options.intervalMs ?? (this.#inPlace ? 100 : 2000);
    this.#clock = options.clock ?? (() => performance.now());
    this.#top = options.top;
    this.#tables = options.tables ?? [];
  }

  take(record: RunRecord): void {
    if (record.type === 'parameter-updates') this.#takeUpdates(record);
    else this.#takeEvent(record);
  }

  async flush(): Promise<void> {
    this.#draw(true);
    await this.#terminal.written();
  }

  async end(): Promise<void> {
    try {
      this.#draw(true);
    } finally {
      await this.#terminal.close();
    }
  }

  #takeUpdates(updates: AnyParameterUpdates): void {
    if (this.#style === 'lines') {
      this.#terminal.print(updateLines(updates, this.#statistic));
      return;
    }
    this.#updates = updates;
    this.#moveTo(updates);
    this.#draw(false);
  }

  #takeEvent(event: Exclude<RunRecord, AnyParameterUpdates>): void {
    if (event.type === 'train-begin') {
      // The time between two trainings is nobody's step.
      this.#first = undefined;
      this.#plan = {
        ...(event.maxSteps !== undefined && { maxSteps: event.maxSteps }),
        ...(event.numEpochs !== undefined && { numEpochs: event.numEpochs }),
      };
    }
    if (event.type === 'step-end' && this.#style !== 'lines') {
      this.#moveTo(event);
      this.#draw(false);
    }
    const { width } = this.#terminal.size;
    const notes = [noteOf(event) ?? [], this.#tables.flatMap((table) => table(event, width))].flat();
    if (notes.length === 0) return;
    this.#draw(true);
    this.#terminal.print(notes);
    if (this.#inPlace) this.#drawnStep = -1;
  }

  #moveTo(at: Omit<Progress, 'stepsPerSecond' | 'numEpochs'> & { readonly time: number }): void {
    this.#first ??= { step: at.step, time: at.time };
    const { step, epoch, loss, lossShown, learningRate, time } = at;
    const maxSteps = at.maxSteps ?? this.#plan.maxSteps;
    this.#progress = {
      step,
      epoch,
      loss,
      ...(lossShown === false && { lossShown }),
      learningRate,
      ...this.#plan,
      ...(maxSteps !== undefined && { maxSteps }),
      stepsPerSecond:
        time > this.#first.time ? ((step - this.#first.step) * 1000) / (time - this.#first.time) : Number.NaN,
    };
  }

  #draw(now: boolean): void {
    const progress = this.#progress;
    if (!progress || progress.step === this.#drawnStep) return;
    const time = this.#clock();
    if (!now && time - this.#drawnAt < this.#intervalMs) return;
    this.#drawnAt = time;
    this.#drawnStep = progress.step;
    if (this.#inPlace) this.#terminal.draw(this.#frame(progress));
    else this.#terminal.print(this.#row(progress));
  }

  #frame(progress: Progress): string[] {
    const { width, height } = this.#terminal.size;
    const line = progressLine(progress).slice(0, width);
    if (this.#style === 'progress' || !this.#updates) return [line];
    // One row for the progress, one for what is hidden, one for the cursor.
    const rows = Math.max(3, Math.min(height - 3, this.#top === undefined ? Infinity : this.#top + 1));
    return [line, ...tableLines(this.#updates, width, rows)];
  }

  /** In a pipe: the progress, and the parameters that moved least and most. */
  #row(progress: Progress): string[] {
    const line = progressLine(progress).replace(/[█░]+ /, '');
    const ratios = this.#updates && columnOf(this.#updates, 'updateRatio');
    if (this.#style === 'progress' || !this.#updates || !ratios || ratios.length === 0) return [line];
    const sorted = Float64Array.from(ratios).sort();
    const at = (share: number) => threeDigits(sorted[Math.round(share * (sorted.length - 1))]!).padStart(8);
    const heading = this.#headed ? [] : ['update ratio:   least   median     most'];
    this.#headed = true;
    return [...heading, `             ${at(0)} ${at(0.5)} ${at(1)}  ${line}`];
  }
}
