/** What is recorded: names, numbers and records that no one expects, with every sink there is. */
import { merge, of } from 'rxjs';
import type { RunRecord } from 'trainscope';
import { AT, BARE_RECORDS, ODD_CAUSES, ODD_METRICS } from '../../helpers/odd-records.js';
import type { Fault } from '../fault.js';
import { attachEverySink, SINKS } from './all-sinks.js';

const kind = 'Records and names';

const NAMES: readonly (readonly [string, string])[] = [
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['toString', 'toString'],
  ['a line end, a comma and a quote', 'a\r\nb,"c"'],
  ['a formula of a spreadsheet', '=1+1'],
  ['NaN', 'NaN'],
  ['a NUL', 'a\0b'],
  ['half of a surrogate pair', 'a\ud800b'],
  ['10,000 characters', 'x'.repeat(10_000)],
  ['a path upwards', '../../../etc/passwd'],
  ['HTML', '</script><script>alert(1)</script>'],
  ['an escape of a terminal', '\u001b[2J\u001b]0;title\u0007'],
  ['spaces', ' '],
];

const NAMED: readonly Fault[] = NAMES.flatMap(([variant, name]): Fault[] => [
  {
    kind,
    fault: 'a parameter of an odd name, with every sink',
    variant,
    expected: 'nothing is said',
    setting: { names: [name, `${name}/bias`] },
    inject: attachEverySink,
  },
]);

/** Records that others merge into the stream, in the middle of the run. */
const ODD_RECORDS: readonly (readonly [string, readonly unknown[]])[] = [
  ['a record of every type with no field at all', BARE_RECORDS],
  ['metrics that are circles, BigInt, texts', [{ type: 'log', ...AT, metrics: ODD_METRICS }]],
  [
    'a metric named __proto__, and one of NaN',
    [
      { type: 'log', ...AT, metrics: JSON.parse('{"__proto__":1,"constructor":2}') },
      { type: 'log', ...AT, metrics: { loss: Number.NaN } },
    ],
  ],
  ['a log without metrics', [{ type: 'log', ...AT }]],
  [
    'sink-errors with odd causes',
    ODD_CAUSES.map((cause) => ({ type: 'sink-error', ...AT, sink: 's', message: 'm', cause })),
  ],
  [
    'steps of −1, 1e300 and NaN',
    [-1, 1e300, Number.NaN].map((step) => ({ type: 'log', ...AT, step, metrics: { loss: 1 } })),
  ],
  ['times of NaN and 1e300', [Number.NaN, 1e300].map((time) => ({ type: 'log', ...AT, time, metrics: { loss: 1 } }))],
  ['what is no record', [undefined, null, 1, 'text', [], {}, { type: 1 }, { type: 'of another kind', ...AT }]],
];

const RECORDED: readonly Fault[] = ODD_RECORDS.flatMap(([variant, records]) =>
  Object.keys(SINKS)
    // What takes updates only has no use for others.
    .filter((sink) => !sink.startsWith('csvSink'))
    .map(
      (sink): Fault => ({
        kind,
        fault: `odd records in the stream: ${variant}`,
        variant: sink,
        expected: 'what cannot be shown is left out and told, or ends the sink; the rest is taken',
        mayTell: /for lack of a field|: expected /,
        inject: async (scene) => {
          const made = await SINKS[sink]!(scene);
          scene.run.attach(merge(of(...(records as RunRecord[])), scene.records$), made as never);
        },
      }),
    ),
);

export const RECORDS: readonly Fault[] = [...NAMED, ...RECORDED];
