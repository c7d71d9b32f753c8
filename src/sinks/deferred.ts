/** A promise with its ends in hand. Nobody has to listen: a rejection that goes unheard does not end the process. */
export class Deferred {
  readonly promise: Promise<void>;
  resolve: () => void = () => {};
  reject: (cause: unknown) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => {});
  }
}
