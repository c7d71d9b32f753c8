/** Why a request is refused, as its answer says it. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** Headers of an answer to who came too soon. */
export const AGAIN_SOON = { 'Retry-After': '1' };
