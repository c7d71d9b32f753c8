import { type Observation, observe, type ParameterUpdates, parameterUpdates, type TrainingEvent } from 'trainscope';
import type { IngestServer, RemoteRun } from 'trainscope/node';

/** A loop over arrays, whose numbers are no round ones. */
export class Training {
  readonly run: Observation;
  readonly updates: ParameterUpdates[] = [];
  readonly #weight = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
  readonly #bias = new Float64Array(5);

  constructor(name = 'here', options: Parameters<typeof observe>[1] = {}) {
    this.run = observe({ 'dense/weight': this.#weight, 'dense/bias': this.#bias }, { run: name, ...options });
    this.run.events$.pipe(parameterUpdates()).subscribe((updates) => this.updates.push(updates));
  }

  step(loss = 1 / (this.run.stepsDone + 1)): void {
    const learningRate = this.run.learningRate(0.05);
    this.run.step({ loss, learningRate, examples: 8 }, () => {
      const { stepsDone } = this.run;
      for (let i = 0; i < 24; i++) this.#weight[i]! -= learningRate * Math.cos(i * stepsDone);
      this.#bias[stepsDone % 5]! += learningRate / 3;
    });
  }

  steps(count: number): void {
    for (let i = 0; i < count; i++) this.step();
  }
}

/** What comes of a server's runs. */
export interface Seen {
  readonly run: RemoteRun;
  readonly events: TrainingEvent[];
  readonly updates: ParameterUpdates[];
}

/** Follow all runs of a server. */
export function seenBy(server: IngestServer): Seen[] {
  const runs: Seen[] = [];
  server.runs$.subscribe((run) => {
    const seen: Seen = { run, events: [], updates: [] };
    run.events$.subscribe((event) => seen.events.push(event));
    run.events$.pipe(parameterUpdates()).subscribe((updates) => seen.updates.push(updates));
    runs.push(seen);
  });
  return runs;
}

/** The fields of a measurement, which are equal where they have the same values. */
export const plain = (updates: ParameterUpdates) => ({ ...updates });
