/** What a record says of where its run is. */
interface Position {
  readonly run: string;
  readonly step: number;
  readonly epoch: number;
  readonly time: number;
}

/** Says in a file that a run goes on in it, from which step, and which step it had come to. */
export interface Resumption extends Position {
  readonly type: 'resumed';
  /** The step of the last record before it: what it has of the steps from `step` to this one comes anew. */
  readonly after: number;
}

/** What is to be said between the last record that a file has and the first that is added, if they are of one run. */
export function resumption(
  last: Readonly<Record<string, unknown>> | undefined,
  first: { readonly type: string } & Partial<Position>,
): Resumption | undefined {
  const { type, run, step, epoch = Number.NaN, time = Date.now() } = first;
  if (run === undefined || step === undefined || last?.run !== run || typeof last.step !== 'number') return undefined;
  const endsStep = type === 'step-end' || type === 'parameter-updates';
  return { type: 'resumed', run, step: endsStep ? step - 1 : step, epoch, time, after: last.step };
}
