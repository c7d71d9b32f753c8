/** Records that were dropped, and the steps that they were of. */
export interface Dropped {
  readonly records: number;
  readonly firstStep: number;
  readonly lastStep: number;
}

/** Counts what is not sent, and tells of it. */
export class Unsent {
  #dropped: Dropped | undefined;
  #untold: Dropped | undefined;
  #end = '';
  readonly #leftOut = new Map<string, number>();

  drop(step: number): void {
    this.#dropped = oneMore(this.#dropped, step);
    this.#untold = oneMore(this.#untold, step);
  }

  /** What was dropped since it was last asked for. */
  takeUntold(): Dropped | undefined {
    const untold = this.#untold;
    this.#untold = undefined;
    return untold;
  }

  /** Of a type that the wire has no place for. */
  leaveOut(type: string): void {
    this.#leftOut.set(type, (this.#leftOut.get(type) ?? 0) + 1);
  }

  loseEnd(lines: number, why: string): void {
    if (lines > 0) this.#end = `the end of the run could not be sent, ${lines} lines: ${why}`;
  }

  /** @throws Error that tells what was not sent, if anything. */
  check(): void {
    const told = [
      this.#dropped && textOf(this.#dropped),
      ...[...this.#leftOut].map(
        ([type, count]) => `${count} of type ${type} were left out: the wire has no place for them`,
      ),
      this.#end,
    ].filter(Boolean);
    if (told.length > 0) throw new Error(told.join('; '));
  }
}

function oneMore(so: Dropped | undefined, step: number): Dropped {
  if (!so) return { records: 1, firstStep: step, lastStep: step };
  return {
    records: so.records + 1,
    firstStep: Math.min(so.firstStep, step),
    lastStep: Math.max(so.lastStep, step),
  };
}

function textOf({ records, firstStep, lastStep }: Dropped): string {
  const steps = firstStep === lastStep ? `step ${firstStep}` : `the steps ${firstStep} to ${lastStep}`;
  return `${records === 1 ? 'a record' : `${records} records`} of ${steps} could not be sent`;
}
