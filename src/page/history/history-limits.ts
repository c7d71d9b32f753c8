import { TABLE_BUCKETS } from './parameter-table.js';
import { SERIES_BUCKETS } from './scalar-series.js';

/** Buckets that a history has at most, of a series and of a table. */
export interface HistoryLimits {
  readonly series: number;
  readonly table: number;
}

/** Of a whole run. */
export const RUN_LIMITS: HistoryLimits = { series: SERIES_BUCKETS, table: TABLE_BUCKETS };

/** Of steps that are zoomed into: about as many as a wide screen has pixels. */
export const DETAIL_LIMITS: HistoryLimits = { series: 2048, table: 1024 };
