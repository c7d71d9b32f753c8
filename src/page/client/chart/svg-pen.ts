import { type Box, type Fill, FONT_SIZE, type Lettering, type Pen, type Stroke } from './pen.js';

/** Writes an SVG document. */
export class SvgPen implements Pen {
  readonly #parts: string[] = [];
  #clips = 0;

  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly font: string,
  ) {}

  /** The document of all that was drawn. */
  get svg(): string {
    const { width, height } = this;
    const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
    return `${head} font-family="${escaped(this.font)}">\n${this.#parts.join('\n')}\n</svg>\n`;
  }

  line(points: readonly number[], { color, width, dash, opacity }: Stroke): void {
    const look = attributes({ stroke: color, 'stroke-width': width, 'stroke-dasharray': dash?.join(' '), opacity });
    this.#path(points, `fill="none" stroke-linejoin="round"${look}`);
  }

  area(points: readonly number[], { color, opacity }: Fill): void {
    this.#path(points, attributes({ fill: color, opacity }).trim());
  }

  band(upper: readonly number[], lower: readonly number[], fill: Fill): void {
    const back: number[] = [];
    for (let i = lower.length - 2; i >= 0; i -= 2) back.push(lower[i]!, lower[i + 1]!);
    this.area([...upper, ...back], fill);
  }

  rect({ left, top, width, height }: Box, { color, opacity }: Fill): void {
    const place = { x: left, y: top, width, height };
    this.#parts.push(`<rect${attributes({ ...rounded(place), fill: color, opacity })}/>`);
  }

  dots(points: readonly number[], radius: number, { color, opacity }: Fill): void {
    for (let i = 0; i < points.length; i += 2) {
      const place = rounded({ cx: points[i]!, cy: points[i + 1]! });
      this.#parts.push(`<circle${attributes({ ...place, r: radius, fill: color, opacity })}/>`);
    }
  }

  text(
    text: string,
    x: number,
    y: number,
    { color, align = 'left', baseline = 'alphabetic', size = FONT_SIZE, bold }: Lettering,
  ): void {
    const look = attributes({
      ...rounded({ x, y: y + RISE[baseline] * size }),
      fill: color,
      'font-size': size,
      'font-weight': bold ? 600 : undefined,
      'text-anchor': ANCHOR[align],
    });
    this.#parts.push(`<text${look}>${escaped(text)}</text>`);
  }

  within({ left, top, width, height }: Box, draw: () => void): void {
    const id = `within-${this.#clips++}`;
    const rect = `<rect${attributes(rounded({ x: left, y: top, width, height }))}/>`;
    this.#parts.push(`<clipPath id="${id}">${rect}</clipPath>`, `<g clip-path="url(#${id})">`);
    draw();
    this.#parts.push('</g>');
  }

  #path(points: readonly number[], look: string): void {
    const d = pathOf(points);
    if (d !== '') this.#parts.push(`<path d="${d}" ${look}/>`);
  }
}

/** From the middle or the top of letters down to the line that they stand on, in parts of their size: readers of SVG differ in other ways to say it. */
const RISE = { top: 0.8, middle: 0.35, alphabetic: 0 } as const;

const ANCHOR = { left: undefined, center: 'middle', right: 'end' } as const;

function pathOf(points: readonly number[]): string {
  let d = '';
  let down = false;
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i]!, points[i + 1]!];
    if (Number.isNaN(y)) {
      down = false;
      continue;
    }
    d += `${down ? 'L' : 'M'}${short(x)} ${short(y)}`;
    down = true;
  }
  return d;
}

function attributes(all: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(all)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');
}

function rounded<T extends Readonly<Record<string, number>>>(all: T): Record<string, number> {
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, short(value)]));
}

/** A hundredth of a pixel is finer than one sees. */
function short(value: number): number {
  return Math.round(value * 100) / 100;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** As text or in an attribute; what XML has no place for is left out. */
function escaped(text: string): string {
  return text
    .replace(/(?![\t\n\r])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '')
    .replace(/[&<>"]/g, (character) => ENTITIES[character]!);
}
