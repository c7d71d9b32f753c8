/** Where the console writes to. */
import { concatMap, from } from 'rxjs';
import { type ConsoleOutput, type ConsoleStyle, consoleSink } from 'trainscope';
import type { Fault, Scene } from '../fault.js';

const kind = 'Console';
const STYLES: readonly ConsoleStyle[] = ['lines', 'table', 'progress'];

/** What a terminal may turn out to be. */
const OUTPUTS: readonly (readonly [string, () => ConsoleOutput, RegExp | undefined])[] = [
  [
    'an output that throws',
    () => ({
      write() {
        throw new Error('gone');
      },
    }),
    /^consoleSink failed and was detached: gone/,
  ],
  [
    'an output that tells of an error later',
    () => {
      let told = false;
      let hear: (cause: unknown) => void = () => {};
      return {
        write() {
          if (!told) setImmediate(() => hear(new Error('gone')));
          told = true;
        },
        on: (_: 'error', listener: (cause: unknown) => void) => {
          hear = listener;
        },
      };
    },
    /^consoleSink failed and was detached: gone/,
  ],
  ['a terminal of no size', () => ({ write: () => true, isTTY: true, columns: 0, rows: 0 }), undefined],
  ['a terminal of size NaN', () => ({ write: () => true, isTTY: true, columns: Number.NaN, rows: -3 }), undefined],
];

/** A hundred thousand lines. */
function shout({ run, updates$ }: Scene): void {
  const many$ = updates$.pipe(concatMap((updates) => from(Array.from({ length: 4_000 }, () => updates))));
  run.attach(many$, consoleSink());
}

export const CONSOLE: readonly Fault[] = [
  ...OUTPUTS.flatMap(([fault, output, told]) =>
    STYLES.map(
      (style): Fault => ({
        kind,
        fault,
        variant: style,
        expected: told ? 'the sink ends with a sink-error' : 'nothing is said',
        ...(told && { told }),
        inject({ run, records$ }) {
          run.attach(records$, consoleSink({ style, output: output(), intervalMs: 0 }));
        },
      }),
    ),
  ),
  {
    kind,
    fault: 'standard output is a pipe that no one reads',
    expected: 'lines beyond a million characters are left out, and told at the end',
    told: /the output takes nothing: \d+ characters are left, and \d+ lines were left out/,
    setting: { closeTimeoutMs: 10_000 },
    apart: { stdout: 'never read' },
    on: ['TensorFlow.js'],
    inject: shout,
  },
  {
    kind,
    fault: 'standard output is a pipe that is closed',
    expected: 'a sink-error, once',
    told: /^consoleSink failed and was detached: write EPIPE/,
    apart: { stdout: 'closed' },
    inject: ({ run, updates$ }) => run.attach(updates$, consoleSink()),
  },
];
