/** Why the native backend could not be put in place, and what to do about it. */
export class NativeError extends Error {
  override readonly name = 'NativeError';

  constructor(
    message: string,
    /** One line a remedy. */
    readonly remedies: readonly string[] = [],
  ) {
    super(message);
  }
}
