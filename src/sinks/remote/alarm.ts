/** A wait that can be ended early, and that does not keep a process alive. */
export class Alarm {
  #ring: () => void = () => {};

  async wait(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#ring = resolve;
      if (ms === Infinity) return;
      timer = setTimeout(resolve, ms);
      // A number, in a browser.
      (timer as { unref?: () => void }).unref?.();
    });
    clearTimeout(timer);
  }

  ring(): void {
    this.#ring();
  }
}
