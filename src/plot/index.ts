/** The front door of plot/: what other rooms use of it. */
export { type ChartOptions, chart } from './chart.js';
export { type LearningRatePictureOptions, learningRatePicture } from './learning-rate-picture.js';
export type { Series } from './series.js';
export { missingForPng, requirePng, svgToPng } from './svg-to-png.js';
