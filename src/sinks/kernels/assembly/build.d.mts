/** The generated modules' texts, by their names. */
export function buildKernels(): Promise<Readonly<Record<string, string>>>;
