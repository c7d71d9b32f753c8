import { saveFile } from '../parts/save-file.js';
import type { Theme } from '../state/theme.js';
import { CanvasPen } from './canvas-pen.js';
import { chartCsv } from './chart-csv.js';
import type { ChartForm } from './chart-forms.js';
import { type ChartPicture, drawChart, plotBox } from './chart-picture.js';
import type { Line } from './line.js';
import type { Pen } from './pen.js';
import { SvgPen } from './svg-pen.js';

/** A chart, as it is to be drawn outside the page. */
export interface ChartToSave {
  readonly title: string;
  readonly picture: ChartPicture;
  readonly theme: Theme;
  /** Of the plot, in CSS pixels. */
  readonly size: { readonly width: number; readonly height: number };
}

const SIDE = 18;
const HEAD = 40;
const LEGEND_ROW = 20;
/** So large a letter is about, of the usual size: a picture has no way to ask that everybody has. */
const LETTER = 6.2;
/** Device pixels a CSS pixel: for paper, and for screens that are finer than this one. */
const FINENESS = 2;

export async function saveChart(form: ChartForm, chart: ChartToSave): Promise<void> {
  const name = `${chart.title.replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-|-$/g, '')}.${form}`;
  saveFile(new File([await contentOf(form, chart)], name, { type: TYPES[form] }));
}

const TYPES: Readonly<Record<ChartForm, string>> = {
  png: 'image/png',
  svg: 'image/svg+xml',
  csv: 'text/csv;charset=utf-8',
};

function contentOf(form: ChartForm, chart: ChartToSave): BlobPart | Promise<BlobPart> {
  if (form === 'csv') return chartCsv(chart.picture);
  return form === 'svg' ? chartSvg(chart) : chartPng(chart);
}

export function chartSvg(chart: ChartToSave): string {
  const { width, height } = sizeOf(chart);
  const pen = new SvgPen(width, height, chart.theme.color('--font'));
  drawWhole(pen, chart);
  return pen.svg;
}

async function chartPng(chart: ChartToSave): Promise<Blob> {
  const { width, height } = sizeOf(chart);
  const canvas = document.createElement('canvas');
  canvas.width = FINENESS * width;
  canvas.height = FINENESS * height;
  const ctx = canvas.getContext('2d')!;
  ctx.scale(FINENESS, FINENESS);
  drawWhole(new CanvasPen(ctx, chart.theme.color('--font')), chart);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture is too large.'))), 'image/png');
  });
}

function sizeOf({ picture, size }: ChartToSave): { readonly width: number; readonly height: number } {
  const width = size.width + 2 * SIDE;
  return { width, height: HEAD + LEGEND_ROW * legendRows(picture, size.width).length + size.height + SIDE };
}

/** The chart with its title, its legend, and the background of the theme. */
function drawWhole(pen: Pen, chart: ChartToSave): void {
  const { title, picture, theme, size } = chart;
  const { width, height } = sizeOf(chart);
  pen.rect({ left: 0, top: 0, width, height }, { color: theme.color('--card') });
  pen.text(title, SIDE, 27, { color: theme.color('--text'), size: 15, bold: true });
  pen.text(picture.axis.title, width - SIDE, 27, { color: theme.color('--muted'), align: 'right' });
  let top = HEAD + LEGEND_ROW / 2;
  for (const row of legendRows(picture, size.width)) {
    for (const { line, left } of row) drawEntry(pen, theme, line, SIDE + left, top);
    top += LEGEND_ROW;
  }
  const box = plotBox(size.width, size.height);
  drawChart(pen, theme, { ...box, left: box.left + SIDE, top: box.top + top - LEGEND_ROW / 2 }, picture);
}

function drawEntry(pen: Pen, theme: Theme, { label, color, dash }: Line, left: number, y: number): void {
  pen.line([left, y, left + 18, y], { color, width: 2.5, ...(dash && { dash }) });
  pen.text(label, left + 24, y, { color: theme.color('--text'), baseline: 'middle' });
}

interface Entry {
  readonly line: Line;
  readonly left: number;
}

/** Entries in as many rows as they need. */
function legendRows({ lines }: ChartPicture, width: number): readonly (readonly Entry[])[] {
  const rows: Entry[][] = [[]];
  let left = 0;
  for (const { line } of lines) {
    const length = 24 + LETTER * line.label.length;
    if (left > 0 && left + length > width) {
      rows.push([]);
      left = 0;
    }
    rows.at(-1)!.push({ line, left });
    left += length + 16;
  }
  return rows;
}
