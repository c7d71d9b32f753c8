import type { Sink } from '../../events/sink.js';
import type { AnyParameterUpdates } from '../../parameters/parameter-updates.js';
import { STATISTICS, type Statistic } from '../../parameters/statistics.js';
import { BlockFile } from '../block-file.js';
import { Deferred } from '../deferred.js';
import { type CsvEncoder, type CsvLayout, csvEncoder } from './csv-encoder.js';

export interface CsvSinkOptions {
  /** Default: `wide`. */
  readonly layout?: CsvLayout;
  /** What the cells of `wide` and `tutorial` show. Default: `updateNorm`. */
  readonly statistic?: Statistic;
  /** Continue a file that has the same header. Default: replace it. */
  readonly append?: boolean;
}

const LAYOUTS: readonly CsvLayout[] = ['wide', 'tutorial', 'long'];

/**
 * Write every parameter's update to a CSV file (RFC 4180), as training goes, in bounded memory.
 *
 * Rows reach the disk in blocks; all of them by `flush()`, by `training.close()`, and when the process ends on its own,
 * by SIGINT or by SIGTERM. In `wide` and `tutorial` a parameter that the first step did not have ends the file with an
 * error that says so; one that is missing later leaves its cell empty. NaN and infinities are `NaN`, `inf`, `-inf`.
 *
 * @throws Error when the file cannot be written, or is continued with another header; TypeError for an unknown option.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { instrument, parameterUpdates } from 'trainscope';
 * import { csvSink } from 'trainscope/node';
 *
 * const training = instrument(tf.train.sgd(0.1));
 * training.attach(training.events$.pipe(parameterUpdates()), csvSink('results/parameter_updates.csv'));
 * ```
 */
export function csvSink(path: string, options: CsvSinkOptions = {}): Sink<AnyParameterUpdates> {
  const { layout = 'wide', statistic = 'updateNorm', append = false } = options;
  if (typeof path !== 'string' || path === '')
    throw new TypeError(`path: expected the name of a file, got ${JSON.stringify(path)}`);
  checkOneOf('layout', layout, LAYOUTS);
  checkOneOf('statistic', statistic, STATISTICS);
  return new CsvSink(new BlockFile(path, { append }), csvEncoder(layout, statistic));
}

class CsvSink implements Sink<AnyParameterUpdates> {
  readonly name: string;
  readonly #ended = new Deferred();
  readonly closed = this.#ended.promise;
  #begun = false;
  #over = false;

  constructor(
    private readonly file: BlockFile,
    private readonly encoder: CsvEncoder,
  ) {
    this.name = `csvSink(${file.path})`;
  }

  next(updates: AnyParameterUpdates): void {
    if (this.#over) return;
    try {
      const { header, rows } = this.encoder.encode(updates);
      this.#begin(header);
      this.file.write(rows);
    } catch (cause) {
      this.#end(cause);
    }
  }

  error(cause: unknown): void {
    this.#end(cause);
  }

  complete(): void {
    this.#end();
  }

  async flush(): Promise<void> {
    if (this.#over) return;
    try {
      this.file.flush();
    } catch (cause) {
      this.#end(cause);
      throw cause;
    }
  }

  #begin(header: string): void {
    if (this.#begun) return;
    this.#begun = true;
    const { firstLine, path } = this.file;
    if (firstLine === undefined) {
      this.file.write(header);
    } else if (firstLine !== header.trimEnd()) {
      throw new Error(
        `append: expected ${path} to begin with ${JSON.stringify(header.trimEnd())}, got ${JSON.stringify(firstLine)}; write to another file`,
      );
    }
  }

  #end(cause?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    try {
      this.file.close();
    } catch (closing) {
      this.#ended.reject(cause ?? closing);
      return;
    }
    if (cause === undefined) this.#ended.resolve();
    else this.#ended.reject(cause);
  }
}

function checkOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    throw new TypeError(`${name}: expected one of ${allowed.join(', ')}; got ${JSON.stringify(value)}`);
}
