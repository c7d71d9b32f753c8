import { StepIndex, type Stretch } from '../../../records/index.js';

/** A run as a file has it. */
export interface RunInFile {
  readonly file: string;
  /** Its own name. */
  readonly run: string;
}

/** Where in which file the steps of the runs are that are followed. */
export class RunFiles {
  readonly #runs = new Map<string, { readonly of: RunInFile; readonly index: StepIndex }>();

  /** A record of a run, by the name of its history, is in this stretch of its file. */
  take(name: string, of: RunInFile, step: number, stretch: Stretch): void {
    let run = this.#runs.get(name);
    if (!run) {
      run = { of, index: new StepIndex() };
      this.#runs.set(name, run);
    }
    run.index.take(step, stretch);
  }

  /** The run, by the name of its history, goes on after this step. */
  cutAfter(name: string, step: number): void {
    this.#runs.get(name)?.index.cutAfter(step);
  }

  /** Where to read some steps of a run; undefined where it has no file that can be read from anywhere. */
  find(name: string, from: number, to: number): (RunInFile & { readonly stretches: readonly Stretch[] }) | undefined {
    const run = this.#runs.get(name);
    return run && { ...run.of, stretches: run.index.stretchesOf(from, to) };
  }
}
