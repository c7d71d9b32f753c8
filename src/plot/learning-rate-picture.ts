import { scaleLinear, scaleLog } from 'd3-scale';
import { checkOptions } from '../events/index.js';
import type { LearningRateSuggestion, RangeTestPoint } from '../range-test/index.js';
import { extent, LARGEST, logarithmicDomain, numberText, type Scale, ticksOf } from './axes.js';
import { lineColours } from './colours.js';
import { escaped, FAINT, FONT, pathOf, TEXT } from './svg.js';
import type { Point } from './thin-out.js';

/** Options of {@link learningRatePicture}: how wide it is. */
export interface LearningRatePictureOptions {
  /** Pixels. Default: 1000. */
  readonly width?: number;
}

const MARGIN = { top: 46, right: 28, bottom: 60, left: 86 };
const LOSS_HEIGHT = 340;
const RATIO_HEIGHT = 150;
const GAP = 26;
/** Of the fall: how much of the rise after it is shown. Beyond, only that there is one. */
const RISE_SHOWN = 0.6;
/** Of the text below the title: what a letter takes, and a line. */
const LETTER = 6.6;
const LINE = 18;
const MUTED = '#777';
/** What a label is wide, and what keeps it apart from the lines below it. */
const LABEL = 110;
const HALO = 'stroke="#fff" stroke-width="4" paint-order="stroke"';
const [LOSS, MARK, RATIO] = lineColours(3) as [string, string, string];

interface Panel {
  readonly top: number;
  readonly bottom: number;
  readonly right: number;
}

/**
 * The picture of a range test, as SVG: how far the loss has come, and how far the median layer moves, at each rate; with
 * the rate that is suggested. {@link svgToPng} makes a PNG of it.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { writeFile } from 'node:fs/promises';
 * import { learningRatePicture, svgToPng } from 'trainscope/node';
 * import { suggestLearningRate } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const [x, y] = [tf.randomNormal([64, 4]), tf.randomNormal([64, 1])];
 * const suggestion = await suggestLearningRate(model, { xs: x, ys: y });
 * await writeFile('learning-rate.png', await svgToPng(learningRatePicture(suggestion)));
 * ```
 */
export function learningRatePicture(
  suggestion: LearningRateSuggestion,
  options: LearningRatePictureOptions = {},
): string {
  const { width = 1000 } = checkOptions('learningRatePicture', options, { width: true });
  const { points } = suggestion;
  const moved = points.filter(({ updateRatio }) => updateRatio > 0 && Number.isFinite(updateRatio));
  const right = width - MARGIN.right;
  const words = wrapped(inWords(suggestion), Math.floor((right - MARGIN.left) / LETTER));
  const top = MARGIN.top + LINE * words.length;
  const loss: Panel = { top, bottom: top + LOSS_HEIGHT, right };
  const ratio: Panel = { top: loss.bottom + GAP, bottom: loss.bottom + GAP + RATIO_HEIGHT, right };
  const last = moved.length > 0 ? ratio : loss;
  const height = last.bottom + MARGIN.bottom;
  const x = rateScale(points, right);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${FONT} role="img" aria-label="Learning Rate Range Test">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    title(words),
    lossPanel(suggestion, loss, x),
    ...(moved.length > 0 ? [ratioPanel(moved, ratio, x)] : []),
    ...x
      .ticks(20)
      .filter(isPower)
      .map((tick) => rateText(tick, x, last)),
    `<text x="${(MARGIN.left + right) / 2}" y="${last.bottom + 44}" text-anchor="middle" font-size="14">Learning Rate</text>`,
    marks(suggestion, x, loss, last),
    '</svg>',
    '',
  ].join('\n');
}

function rateScale(points: readonly RangeTestPoint[], right: number): Scale {
  const [low, high] = extent([points.map(({ learningRate }) => learningRate)]);
  const domain = low < high ? [low, high] : logarithmicDomain(low, high);
  return scaleLog()
    .domain(domain)
    .range([MARGIN.left + 8, right - 8]);
}

function lossPanel({ points, found }: LearningRateSuggestion, panel: Panel, x: Scale): string {
  const seen = points.filter(({ change }) => Number.isFinite(change));
  const y = changeScale(seen, found, panel);
  const at = ({ learningRate, loss, firstLoss }: RangeTestPoint): Point => [x(learningRate), y(loss - firstLoss)];
  const dots = seen.map((point) => {
    const [left, top] = at(point);
    return `<circle cx="${left.toFixed(1)}" cy="${top.toFixed(1)}" r="2"/>`;
  });
  const line = pathOf(seen.map(({ learningRate, change }): Point => [x(learningRate), y(change)]));
  const zero = y(0).toFixed(1);
  return [
    `<clipPath id="loss"><rect x="${MARGIN.left}" y="${panel.top}" width="${panel.right - MARGIN.left}" height="${panel.bottom - panel.top}"/></clipPath>`,
    frame(panel, x, y, y.ticks(7), 'Change of the Batch’s Loss'),
    `<path d="M${MARGIN.left},${zero}H${panel.right}" stroke="${MUTED}" stroke-dasharray="4 3"/>`,
    `<text x="${MARGIN.left + 8}" y="${zero}" dy="-6" font-size="11" fill="${MUTED}" ${HALO}>as with the first weights</text>`,
    `<g clip-path="url(#loss)"><g fill="${LOSS}" fill-opacity="0.35">${dots.join('')}</g>`,
    `<path d="${line}" fill="none" stroke="${LOSS}" stroke-width="2" stroke-linejoin="round"/></g>`,
  ].join('\n');
}

/** All of the fall; and of the rise after one as much as leaves the fall to be seen. */
function changeScale(points: readonly RangeTestPoint[], falls: boolean, panel: Panel): Scale {
  const [least, most] = extent([points.map(({ change }) => change)]);
  const fall = Math.max(0, -least);
  const rise = Math.min(Math.max(most, 0.15 * fall), falls ? RISE_SHOWN * fall : LARGEST);
  const domain = Number.isFinite(least) && rise > -fall ? [-1.08 * fall, rise] : [-1, 1];
  return scaleLinear().domain(domain).range([panel.bottom, panel.top]);
}

function ratioPanel(points: readonly RangeTestPoint[], panel: Panel, x: Scale): string {
  const [least, most] = extent([points.map(({ updateRatio }) => updateRatio)]);
  const y = scaleLog().domain(logarithmicDomain(least, most)).range([panel.bottom, panel.top]);
  const line = pathOf(points.map(({ learningRate, updateRatio }): Point => [x(learningRate), y(updateRatio)]));
  return [
    frame(panel, x, y, ticksOf(y, true), 'Update Ratio'),
    `<path d="${line}" fill="none" stroke="${RATIO}" stroke-width="2" stroke-linejoin="round"/>`,
  ].join('\n');
}

function frame(panel: Panel, x: Scale, y: Scale, ticks: readonly number[], label: string): string {
  const middle = (panel.top + panel.bottom) / 2;
  const lines = ticks.map((tick) => {
    const at = y(tick).toFixed(1);
    return (
      `<path d="M${MARGIN.left},${at}H${panel.right}" stroke="${FAINT}"/>` +
      `<text x="${MARGIN.left - 8}" y="${at}" dy="4" text-anchor="end">${numberText(tick)}</text>`
    );
  });
  const decades = x.ticks(20).filter(isPower);
  return [
    ...lines,
    ...decades.map((tick) => `<path d="M${x(tick).toFixed(1)},${panel.top}V${panel.bottom}" stroke="${FAINT}"/>`),
    `<path d="M${MARGIN.left},${panel.top}V${panel.bottom}H${panel.right}" stroke="${TEXT}" fill="none"/>`,
    `<text transform="translate(22 ${middle}) rotate(-90)" text-anchor="middle" font-size="14">${label}</text>`,
  ].join('\n');
}

function rateText(tick: number, x: Scale, { bottom }: Panel): string {
  return `<text x="${x(tick).toFixed(1)}" y="${bottom + 20}" text-anchor="middle">${numberText(tick)}</text>`;
}

/** The suggested rate, through all panels; and the one at which the loss is lowest. */
function marks(suggestion: LearningRateSuggestion, x: Scale, loss: Panel, last: Panel): string {
  if (!suggestion.found) return '';
  const { learningRate, rates } = suggestion;
  const line = (rate: number, bottom: number, style: string) =>
    `<path d="M${x(rate).toFixed(1)},${loss.top}V${bottom}" fill="none" ${style}/>`;
  const label = (rate: number, onLeft: boolean, row: number, said: string, fill: string) => {
    const at = x(rate);
    const left = onLeft ? at > MARGIN.left + LABEL : at > loss.right - LABEL;
    const text = `${said} ${numberText(Number(rate.toPrecision(2)))}`;
    return `<text x="${(at + (left ? -7 : 7)).toFixed(1)}" y="${loss.top + 16 + 18 * row}" text-anchor="${left ? 'end' : 'start'}" fill="${fill}" ${HALO}>${text}</text>`;
  };
  const isLower = learningRate <= rates.lowest;
  // Between the two where there is room: beyond the lowest the loss rises.
  const fits = !isLower || x(rates.lowest) - x(learningRate) > LABEL;
  return [
    line(rates.lowest, loss.bottom, `stroke="${MUTED}" stroke-dasharray="2 3"`),
    line(learningRate, last.bottom, `stroke="${MARK}" stroke-width="2"`),
    label(rates.lowest, fits, 1, 'lowest', MUTED),
    label(learningRate, isLower, 0, 'suggested', MARK),
  ].join('\n');
}

function title(words: readonly string[]): string {
  const lines = words.map(
    (line, i) => `<text x="${MARGIN.left}" y="${47 + LINE * i}" fill="${MUTED}">${escaped(line)}</text>`,
  );
  return [`<text x="${MARGIN.left}" y="26" font-size="16">Learning Rate Range Test</text>`, ...lines].join('\n');
}

/** A text as lines of so many letters at most. */
function wrapped(text: string, letters: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + word.length >= letters) {
      lines.push(line);
      line = '';
    }
    line += line ? ` ${word}` : word;
  }
  return [...lines, line];
}

function inWords(suggestion: LearningRateSuggestion): string {
  const { points } = suggestion;
  const updates = `${points.length} updates`;
  if (!suggestion.found) return `${updates}; none suggested: ${suggestion.message}`;
  const { learningRate, by } = suggestion;
  const why =
    by === 'update-ratio'
      ? 'there the median layer moves by 3 % of its norm'
      : 'a fifth of the rate at which the loss is lowest';
  return `${updates}; suggested ${numberText(learningRate)}: ${why}`;
}

function isPower(value: number): boolean {
  return Number.isInteger(Number(Math.log10(value).toFixed(9)));
}
