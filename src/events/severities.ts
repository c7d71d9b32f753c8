import type { Severity } from './events.js';

/** How bad an alert can be, from the least to the worst. */
export const SEVERITIES: readonly Severity[] = ['info', 'warning', 'error'];
