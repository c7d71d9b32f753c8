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

  /** What `since` gave of another one like it. */
  apply(value: T | undefined): void {
    if (value !== undefined) this.set(value, 0);
  }

  /** As `since`, of a value that may be taken away again: null where there is none any more. */
  changeSince(version: number): T | null | undefined {
    return this.version > version ? (this.value ?? null) : undefined;
  }

  /** What `changeSince` gave of another one like it. */
  applyChange(value: T | null | undefined): void {
    if (value !== undefined) this.set((value ?? undefined) as T, 0);
  }
}
