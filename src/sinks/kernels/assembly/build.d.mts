/** The generated module's text. */
export function buildKernel(): Promise<string>;
