import type { RunRecord } from '../../events/index.js';

/** Lines that stay of a record, within `width` characters; none of a record that it does not show. */
export type ConsoleTable = (record: RunRecord, width: number) => readonly string[];
