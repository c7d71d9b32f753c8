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
}
