/** Where on the horizontal axis is pointed at: all charts of a page share it. */
export class Cursor {
  #place: number | undefined;
  #source: object | undefined;
  #height: number | undefined;
  readonly #listeners = new Set<() => void>();

  /** On the axis; undefined while nothing is pointed at. */
  get place(): number | undefined {
    return this.#place;
  }

  /** How far below the top of the chart's lines, in CSS pixels; undefined where keys point. */
  get height(): number | undefined {
    return this.#height;
  }

  /** `source` is the chart that is pointed at. */
  move(place: number | undefined, source: object, height?: number): void {
    if (place === this.#place && source === this.#source && height === this.#height) return;
    this.#place = place;
    this.#source = source;
    this.#height = height;
    for (const listener of this.#listeners) listener();
  }

  /** Whether it is this chart that is pointed at. */
  isAt(chart: object): boolean {
    return this.#place !== undefined && this.#source === chart;
  }

  onMove(listener: () => void): void {
    this.#listeners.add(listener);
  }
}
