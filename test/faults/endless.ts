const PARAMETERS = 40;

/** How many steps a file of Parquet holds: those of the last one wait in memory. */
export const STEPS_A_PART = 5;

/** A training without an end, on some arrays of numbers: the same in every process. */
export function endless() {
  const weights: Readonly<Record<string, Float32Array>> = Object.fromEntries(
    Array.from({ length: PARAMETERS }, (_, i) => [
      `bert.encoder.layer.${i}.attention.self.query.weight`,
      Float32Array.of(i, Math.sin(i), Math.cos(i), 1 / (i + 1)),
    ]),
  );
  let step = 0;
  const descend = () => {
    step++;
    for (const values of Object.values(weights)) {
      values.forEach((value, i) => {
        values[i] = value - (0.1 * (value - Math.cos(i * step))) / Math.sqrt(step);
      });
    }
  };
  /** The step and all weights, in full. */
  const line = () => `${step} ${Object.values(weights).join()}`;
  return { weights, descend, line, parameters: PARAMETERS };
}
