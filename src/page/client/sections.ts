/** What is shown when there is data for it: loaded together, then. */
export { confusionPanel } from './confusion-panel.js';
export { Happenings } from './happenings.js';
export { Heatmap } from './heatmap.js';
export { HistogramPanel } from './histogram.js';
export { modelPanel } from './model-panel.js';
export { Movers } from './movers.js';
export { Norms } from './norms.js';
export { valuesPanel } from './values-panel.js';
