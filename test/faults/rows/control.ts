/** Requests that cannot be done: each is answered, and none changes the training. */
import { map, of, take } from 'rxjs';
import { type ControlRequest, ofType } from 'trainscope';
import type { Fault } from '../fault.js';

const kind = 'Control';

const REQUESTS: readonly (readonly [string, unknown])[] = [
  ['a learning rate of NaN', { kind: 'set-learning-rate', learningRate: Number.NaN }],
  ['a negative learning rate', { kind: 'set-learning-rate', learningRate: -1 }],
  ['a learning rate that is a text', { kind: 'set-learning-rate', learningRate: '0.1' }],
  ['a factor of NaN', { kind: 'scale-learning-rate', factor: Number.NaN }],
  ['a factor that is infinite', { kind: 'scale-learning-rate', factor: Infinity }],
  ['a rollback with nothing saved', { kind: 'rollback' }],
  ['a rollback to before the beginning', { kind: 'rollback', beforeStep: -1 }],
  ['an evaluation where there is nothing to evaluate on', { kind: 'evaluate' }],
  ['a command that there is not', { kind: 'explode' }],
  ['a command of the name __proto__', { kind: '__proto__' }],
];

export const CONTROL: readonly Fault[] = [
  ...REQUESTS.map(
    ([variant, command]): Fault => ({
      kind,
      fault: 'what cannot be done is asked for',
      variant,
      expected: 'a control event that says why it was not done',
      told: /^refused: test: not done: /,
      inject({ run }) {
        run.steer(
          run.events$.pipe(
            ofType('step-end'),
            take(3),
            map(() => ({ command, source: 'test', message: 'test' }) as ControlRequest),
          ),
        );
      },
    }),
  ),
  {
    kind,
    fault: 'every answer is followed by another request that cannot be done',
    expected: 'it is cut short, and told',
    told: /^refused: |steer failed and was detached: .* answers to answers/,
    inject({ run }) {
      const request = (): ControlRequest => ({ command: { kind: 'evaluate' }, source: 'test', message: 'test' });
      const nonsense = (): ControlRequest => ({ ...request(), command: { kind: 'explode' } as never });
      run.steer(run.events$.pipe(ofType('control'), map(nonsense)));
      run.steer(run.events$.pipe(ofType('step-end'), map(nonsense)));
    },
  },
  {
    kind,
    fault: 'ten thousand requests in one step',
    expected: 'each is answered',
    told: /^refused: test: not done: /,
    inject({ run }) {
      const command = { kind: 'explode' } as never;
      run.steer(of(...Array.from({ length: 10_000 }, () => ({ command, source: 'test', message: 'test' }))));
    },
    check({ told }) {
      if (told.length !== 10_000) throw new Error(`${told.length} were answered`);
    },
  },
];
