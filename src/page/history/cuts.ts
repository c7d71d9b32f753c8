/** Cuts that are told apart at most. */
const CUTS_KEPT = 16;

/** From which steps on something was taken away, and in which versions of a history. */
export class Cuts {
  /** Later ones are at later steps: an earlier one that reached less far back says nothing more. */
  #cuts: readonly { readonly from: number; readonly version: number }[] = [];

  add(from: number, version: number): void {
    const cuts = [...this.#cuts.filter((cut) => cut.from < from), { from, version }];
    const [first, second, ...others] = cuts;
    this.#cuts = cuts.length > CUTS_KEPT ? [{ from: first!.from, version: second!.version }, ...others] : cuts;
  }

  /** From this step on, one that followed up to a version may have what is no longer there. */
  since(version: number): number | undefined {
    return this.#cuts.find((cut) => cut.version > version)?.from;
  }
}
