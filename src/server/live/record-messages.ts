import type { AnyRecord, ShownRecord } from '../../page/index.js';
import { dataOf, statisticsOf } from '../../parameters/index.js';

/** A record as it goes to another thread, and about how many KiB it takes there. */
export interface RecordMessage {
  readonly message: AnyRecord;
  readonly cost: number;
}

/** Makes messages of records: plain data only, and the names of parameters only when they are not those of before. */
export function withoutKnownNames(): (record: ShownRecord) => RecordMessage {
  const known = new Map<string, readonly string[]>();
  return (record) => {
    if (record.type === 'sink-error') return { message: { ...record, cause: undefined } as AnyRecord, cost: 1 };
    if (record.type !== 'parameter-updates') return { message: record, cost: 1 };
    const { names, sizes, ...rest } = dataOf(record);
    const again = known.get(record.run) === names;
    known.set(record.run, names);
    const message = { type: record.type, ...rest, ...(!again && { names, sizes }) };
    const kib = (names.length * statisticsOf(record).length * 8) / 1024;
    return { message, cost: 1 + Math.ceil(kib) };
  };
}
