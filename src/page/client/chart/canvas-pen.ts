import { type Box, type Fill, FONT_SIZE, type Lettering, type Pen, type Stroke } from './pen.js';

/** Draws on a canvas whose unit is the CSS pixel. */
export class CanvasPen implements Pen {
  constructor(
    private readonly ctx: CanvasRenderingContext2D,
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
    this.#trace(points);
    ctx.stroke();
    ctx.globalAlpha = 1;
  }

  area(points: readonly number[], { color, opacity = 1 }: Fill): void {
    const { ctx } = this;
    ctx.globalAlpha = opacity;
    ctx.fillStyle = color;
    this.#trace(points);
    ctx.fill();
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

  #trace(points: readonly number[]): void {
    const { ctx } = this;
    ctx.beginPath();
    let down = false;
    for (let i = 0; i < points.length; i += 2) {
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

/** A canvas made as large as this, sharp on its screen, empty, and to be drawn on in CSS pixels. */
export function clearedContext(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const unit = devicePixelRatio;
  const [across, down] = [Math.round(width * unit), Math.round(height * unit)];
  const ctx = canvas.getContext('2d')!;
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  } else {
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, across, down);
  }
  ctx.setTransform(unit, 0, 0, unit, 0, 0);
  return ctx;
}
