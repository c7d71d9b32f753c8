export interface Stroke {
  readonly color: string;
  readonly width: number;
  readonly dash?: readonly number[];
  readonly opacity?: number;
}

export interface Fill {
  readonly color: string;
  readonly opacity?: number;
}

export interface Lettering {
  readonly color: string;
  readonly align?: 'left' | 'center' | 'right';
  readonly baseline?: 'top' | 'middle' | 'alphabetic';
  readonly size?: number;
  readonly bold?: boolean;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * What a chart is drawn with: on the screen and in a picture, or as SVG. Sizes are CSS pixels; points are x, y, x, y, and
 * one that is NaN breaks a line.
 */
export interface Pen {
  line(points: readonly number[], stroke: Stroke): void;
  /** The area within the points. */
  area(points: readonly number[], fill: Fill): void;
  /** The area between two lines that have their points at the same places. */
  band(upper: readonly number[], lower: readonly number[], fill: Fill): void;
  rect(box: Box, fill: Fill): void;
  dots(points: readonly number[], radius: number, fill: Fill): void;
  text(text: string, x: number, y: number, lettering: Lettering): void;
  /** Nothing that `draw` draws is seen outside the box. */
  within(box: Box, draw: () => void): void;
}

export const FONT_SIZE = 11;
