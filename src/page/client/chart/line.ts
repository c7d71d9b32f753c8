import type { RunHistory } from '../../history/run-history.js';

/** A value over some steps. */
export interface Point {
  readonly x: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

/** Where a line is not drawn on: nothing was measured, or what was is no number. */
export interface Gap {
  readonly x: number;
  readonly mean: null;
}

export function isPoint(at: Point | Gap): at is Point {
  return at.mean !== null;
}

/** Whether there is something of a line to be seen. */
export function isDrawn({ points, nonFinite = [] }: Pick<Line, 'points' | 'nonFinite'>): boolean {
  return nonFinite.length > 0 || points.some(isPoint);
}

/** How a line looks, and what it is called. */
export interface Look {
  readonly label: string;
  readonly color: string;
  readonly dash?: readonly number[];
  /** Whether it is all that a chart shows of its run: to hide it is to hide the run. */
  readonly ofRun?: boolean;
}

export interface Line extends Look {
  readonly run: RunHistory;
  /** In the order of their steps. A line is drawn from point to point, and ends at a gap. */
  readonly points: readonly (Point | Gap)[];
  /** Steps at which the value was NaN or infinite: each is a gap, where nothing finite is drawn together with it. */
  readonly nonFinite?: readonly number[];
}
