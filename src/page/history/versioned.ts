/** A value, and the version of the history that set it. */
export class Versioned<T> {
  version = 0;
  constructor(public value: T) {}

  set(value: T, version: number): void {
    this.value = value;
    this.version = version;
  }

  since(version: number): T | undefined {
    return this.version > version ? this.value : undefined;
  }

  /** As `since`, of a value that may be taken away again: null where there is none any more. */
  changeSince(version: number): T | null | undefined {
    return this.version > version ? (this.value ?? null) : undefined;
  }
}
