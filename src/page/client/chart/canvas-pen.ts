import { type Box, type Fill, FONT_SIZE, type Lettering, type Pen, type Stroke } from './pen.js';

/** Points that are drawn at once: without a GPU a long path takes a browser much longer than the same one in pieces. */
const PIECE = 10;

/** Of a canvas of the page, or of none. */
export type CanvasContext = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Draws on a canvas whose unit is the CSS pixel. */
export class CanvasPen implements Pen {
  constructor(
    private readonly ctx: CanvasContext,
    private readonly font: string,
  ) {
    ctx.lineJoin = 'round';
  }

  line(points: readonly number[], { color, width, dash = [], opacity = 1 }: Stroke): void {
    const { ctx } = this;
    ctx.globalAlpha = opacity;
    ctx.strokeStyle = color;
    ctx.lineWidth = width;
    ctx.setLineDash([...dash]);
    if (opacity === 1 && points.length > 2 * PIECE) this.#lineInPieces(points, dash.length > 0);
    else {
      this.#trace(points);
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
  }

  /** Of what lets nothing through: where pieces meet, they lie over each other. */
  #lineInPieces(points: readonly number[], dashed: boolean): void {
    const { ctx } = this;
    // Ends that meet look as a joint does.
    ctx.lineCap = dashed ? 'butt' : 'round';
    let [from, length] = [0, 0];
    while (from < points.length) {
      const to = endOfPiece(points, from);
      this.#trace(points, from, to);
      ctx.lineDashOffset = length;
      ctx.stroke();
      const goesOn = to < points.length && !Number.isNaN(points[to + 1]!);
      length = goesOn && dashed ? length + lengthOf(points, from, to) : 0;
      // The next begins where this one ended; after a gap, beyond it.
      from = goesOn ? to - 2 : to + 2;
    }
    ctx.lineDashOffset = 0;
    ctx.lineCap = 'butt';
  }

  area(points: readonly number[], { color, opacity = 1 }: Fill): void {
    const { ctx } = this;
    ctx.globalAlpha = opacity;
    ctx.fillStyle = color;
    this.#trace(points);
    ctx.fill();
    ctx.globalAlpha = 1;
  }

  band(upper: readonly number[], lower: readonly number[], { color, opacity = 1 }: Fill): void {
    const { ctx } = this;
    ctx.globalAlpha = opacity;
    ctx.fillStyle = color;
    for (let from = 0; from + 2 < upper.length; from += 2 * PIECE) {
      const to = Math.min(upper.length, from + 2 * PIECE + 2);
      this.#trace(upper, from, to);
      for (let i = to - 2; i >= from; i -= 2) ctx.lineTo(lower[i]!, lower[i + 1]!);
      ctx.fill();
    }
    ctx.globalAlpha = 1;
  }

  rect({ left, top, width, height }: Box, { color, opacity = 1 }: Fill): void {
    const { ctx } = this;
    ctx.globalAlpha = opacity;
    ctx.fillStyle = color;
    ctx.fillRect(left, top, width, height);
    ctx.globalAlpha = 1;
  }

  dots(points: readonly number[], radius: number, { color, opacity = 1 }: Fill): void {
    const { ctx } = this;
    ctx.globalAlpha = opacity;
    ctx.fillStyle = color;
    ctx.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      ctx.moveTo(points[i]! + radius, points[i + 1]!);
      ctx.arc(points[i]!, points[i + 1]!, radius, 0, 2 * Math.PI);
    }
    ctx.fill();
    ctx.globalAlpha = 1;
  }

  text(
    text: string,
    x: number,
    y: number,
    { color, align = 'left', baseline = 'alphabetic', size = FONT_SIZE, bold }: Lettering,
  ): void {
    const { ctx } = this;
    ctx.font = `${bold ? '600 ' : ''}${size}px ${this.font}`;
    ctx.textAlign = align;
    ctx.textBaseline = baseline;
    ctx.fillStyle = color;
    ctx.fillText(text, x, y);
  }

  within({ left, top, width, height }: Box, draw: () => void): void {
    const { ctx } = this;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    draw();
    ctx.restore();
  }

  #trace(points: readonly number[], from = 0, to = points.length): void {
    const { ctx } = this;
    ctx.beginPath();
    let down = false;
    for (let i = from; i < to; i += 2) {
      const x = points[i]!;
      const y = points[i + 1]!;
      if (Number.isNaN(y)) down = false;
      else if (down) ctx.lineTo(x, y);
      else {
        ctx.moveTo(x, y);
        down = true;
      }
    }
  }
}

/** After the last point of a piece: at a gap, at the latest. */
function endOfPiece(points: readonly number[], from: number): number {
  const most = Math.min(points.length, from + 2 * PIECE + 2);
  let to = from;
  while (to < most && !Number.isNaN(points[to + 1]!)) to += 2;
  return to;
}

function lengthOf(points: readonly number[], from: number, to: number): number {
  let length = 0;
  for (let i = from + 2; i < to; i += 2) {
    length += Math.hypot(points[i]! - points[i - 2]!, points[i + 1]! - points[i - 1]!);
  }
  return length;
}

/** How many of the screen's pixels so many CSS pixels are. */
export function pixelsOf(width: number, height: number): readonly [across: number, down: number] {
  return [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
}

/** The upper left of a canvas, of so many of the screen's pixels, empty, to be drawn on in CSS pixels. */
export function cleared<C extends CanvasContext>(ctx: C, across: number, down: number): C {
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, across, down);
  ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  return ctx;
}
