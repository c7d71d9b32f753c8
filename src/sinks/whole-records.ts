import { missingField } from '../events/index.js';
import type { SinkWork } from './create-sink.js';

/**
 * The work of a sink, given whole records only: one that lacks a field that its type has must not end the others'
 * recording. What was left out is counted, and `closed` rejects with it in the end.
 *
 * @param check Throws for what is no record at all: that is the wrong stream.
 */
export function wholeRecords<T extends { readonly type: string }>(
  work: SinkWork<T>,
  check: (record: T) => void,
): SinkWork<T> {
  let leftOut = 0;
  let first = '';
  return {
    ...(work.flush && { flush: () => work.flush!() }),
    take(record) {
      check(record);
      const missing = missingField(record);
      if (missing === undefined) return work.take(record);
      leftOut++;
      first ||= `a record of type ${record.type} without ${missing}`;
    },
    async end() {
      await work.end?.();
      if (leftOut > 0) {
        const all = leftOut === 1 ? 'a record was' : `${leftOut} records were`;
        throw new TypeError(`${all} left out, for lack of a field: ${leftOut === 1 ? '' : 'the first was '}${first}`);
      }
    },
  };
}
