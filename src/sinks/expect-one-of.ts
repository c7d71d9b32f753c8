/** @throws TypeError that lists the choices, when an option's value is none of them. */
export function expectOneOf(option: string, choices: readonly string[], value: unknown): void {
  if (choices.includes(value as string)) return;
  throw new TypeError(`${option}: expected one of ${choices.join(', ')}; got ${JSON.stringify(value)}`);
}
