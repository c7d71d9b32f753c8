/** The front door of control/: what other rooms use of it. */
export { IMPROVEMENT_OPTIONS, type ImprovementOptions, improves, worst } from './improvement.js';
export { stopOnAlert } from './stop-on-alert.js';
