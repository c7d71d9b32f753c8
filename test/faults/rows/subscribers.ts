/** Whoever follows the events: what they throw, keep, change and never end. */
import { strictEqual } from 'node:assert';
import { join } from 'node:path';
import { EMPTY, map, NEVER, Observable, of, type Subscription, share, throwError } from 'rxjs';
import { type AlertEvent, ofType, parameterUpdates, type StepParameters, type TrainingEvent } from 'trainscope';
import { jsonlSink, replay } from 'trainscope/node';
import { ODD_CAUSES } from '../../helpers/odd-records.js';
import { all } from '../../helpers/recorded.js';
import { boom, LATE_STREAMS, WAYS_TO_FAIL } from '../../helpers/ways-to-fail.js';
import type { Fault, Scene } from '../fault.js';

const kind = 'Subscribers and operators';

const FAILING: readonly Fault[] = [
  ...WAYS_TO_FAIL.map(
    ([way, subscribe]): Fault => ({
      kind,
      fault: 'one fails as an event is delivered, or in a promise of its own',
      variant: way,
      expected: 'a sink-error each; it is unsubscribed',
      told: /boom/,
      inject: ({ run }) => subscribe(run.events$),
    }),
  ),
  ...LATE_STREAMS.flatMap(([way, make]) =>
    [
      ['supervise', ({ run }: Scene, stream$: Observable<unknown>) => run.supervise(stream$).subscribe(boom)] as const,
      ['attach', ({ run }: Scene, stream$: Observable<unknown>) => run.attach(stream$, boom)] as const,
    ].map(
      ([by, follow]): Fault => ({
        kind,
        fault: 'one fails later, in a stream that was made otherwise',
        variant: `${way}, ${by}`,
        expected: 'a sink-error each; it is unsubscribed',
        told: /boom/,
        inject: (scene) => make(scene.run.events$, (stream$) => follow(scene, stream$)),
      }),
    ),
  ),
];

/** Whatever can be reached from an object, whoever it belongs to. */
function* reachable(root: unknown, seen = new Set<unknown>()): Generator<object> {
  const isObject = (typeof root === 'object' && root !== null) || typeof root === 'function';
  if (!isObject || seen.has(root)) return;
  seen.add(root);
  yield root as object;
  for (const key of Reflect.ownKeys(root as object)) {
    const property = Object.getOwnPropertyDescriptor(root, key);
    if (property && 'value' in property) yield* reachable(property.value, seen);
  }
}

const VANDALISM = ['dispose', 'release', 'fill', 'reverse', 'sort', 'clear'] as const;

/** Empty, reverse and dispose of whatever an event leads to. */
function vandalise(event: TrainingEvent): void {
  for (const thing of reachable(event)) {
    for (const method of VANDALISM) {
      const call = (thing as Record<string, unknown>)[method];
      if (typeof call !== 'function') continue;
      try {
        call.call(thing, 0);
      } catch {}
    }
    for (const key of Reflect.ownKeys(thing)) Reflect.set(thing, key, undefined);
  }
}

const ODD: readonly Fault[] = [
  {
    kind,
    fault: 'one changes, empties and disposes whatever an event leads to',
    expected: 'no one else sees it; nothing is said',
    inject({ run, updates$ }) {
      run.events$.subscribe(vandalise);
      run.attach(updates$, (updates) => {
        for (const column of Object.values(updates.columns)) (column as Float64Array).sort().fill(Number.NaN);
      });
      run.attach(updates$, ({ step, columns }) => {
        const norms = (columns as Readonly<Record<string, Float64Array>>).updateNorm!;
        strictEqual(norms.length, 2);
        if (norms.some((norm) => !(norm > 0))) throw new Error(`step ${step} was spoilt by another: ${norms}`);
      });
    },
  },
  {
    kind,
    fault: 'one keeps the live parameters, and measures when the step is over',
    expected: 'its own error, as one sink-error',
    told: /subscriber failed and was detached/,
    inject({ run }) {
      let kept: StepParameters | undefined;
      run.events$.subscribe((event) => {
        if (event.type === 'optimizer-step') kept = event.parameters;
        if (event.type === 'step-end') kept?.snapshot();
      });
    },
  },
  {
    kind,
    fault: 'one unsubscribes inside next',
    expected: 'nothing is said; the others see all',
    inject({ run, updates$ }) {
      for (const stream$ of [run.events$, updates$, run.events$.pipe(share())] as Observable<unknown>[]) {
        const subscription: Subscription = run.attach(stream$, () => subscription.unsubscribe());
      }
    },
  },
  {
    kind,
    fault: 'one comes and goes at every event',
    expected: 'nothing is said',
    inject({ run }) {
      run.events$.subscribe(() => run.events$.pipe(parameterUpdates()).subscribe().unsubscribe());
    },
  },
  {
    kind,
    fault: 'streams that end at once, never end, or begin with an error',
    expected: 'a sink-error of the one with the error, and of the one that never ends at close()',
    told: /boom|did not end within/,
    setting: { closeTimeoutMs: 50 },
    inject({ run }) {
      run.attach(EMPTY, () => {});
      run.attach(NEVER, () => {});
      run.attach(
        throwError(() => new Error('boom')),
        () => {},
      );
      run.attach(new Observable(boom), () => {});
      run.report(throwError(() => new Error('boom')));
      run.steer(throwError(() => new Error('boom')));
    },
  },
  {
    kind,
    fault: 'a promise of one is never settled',
    expected: 'close() waits as long as it may, and tells',
    told: /did not end within 50 ms/,
    setting: { closeTimeoutMs: 50 },
    inject: ({ run }) => run.attach(run.events$, () => new Promise(() => {})),
  },
  {
    kind,
    fault: 'one is slow: 5 ms an event',
    expected: 'every step says how long it was observed',
    inject({ run }) {
      let told = 0;
      run.events$.subscribe((event) => {
        const until = performance.now() + 5;
        while (performance.now() < until);
        if (event.type === 'step-end' && event.observingMs >= 5) told++;
        if (event.type === 'train-end' && told < 11) throw new Error(`${told} steps said so`);
      });
    },
  },
  {
    kind,
    fault: 'a rule that answers every alert with an alert',
    expected: 'it is cut short, and told',
    told: /^echo: |report failed and was detached: .* answers to answers/,
    inject({ run }) {
      const echo = (text: string, step: number): AlertEvent => ({
        ...{ type: 'alert', run: run.run, step, epoch: 0, time: 0, rule: 'echo', severity: 'info', message: text },
        ...{ phase: 'begin', firstStep: step },
      });
      run.report(
        run.events$.pipe(
          ofType('step-end'),
          map(({ step }) => echo('first', step)),
        ),
      );
      run.report(
        run.events$.pipe(
          ofType('alert'),
          map(({ step }) => echo('again', step)),
        ),
      );
    },
  },
  {
    kind,
    fault: 'one that fails is replaced by one that fails, at every sink-error',
    expected: 'it is cut short, and told',
    told: /boom/,
    inject({ run }) {
      run.events$.pipe(ofType('sink-error')).subscribe(() => run.attach(of(1), boom));
      run.attach(run.events$, boom);
    },
  },
  ...ODD_CAUSES.map(
    (cause, i): Fault => ({
      kind,
      fault: 'something odd is thrown while the run is recorded: circles, BigInt, proxies, nothing',
      variant: `the ${i + 1}. of ${ODD_CAUSES.length}`,
      expected: 'a sink-error, and a recording that can be replayed',
      told: /^subscriber failed and was detached: /,
      inject({ run, records$, folder }) {
        run.attach(records$, jsonlSink(join(folder, 'run.jsonl')));
        run.events$.subscribe(() => {
          throw cause;
        });
      },
      async check({ folder }) {
        const records = await all(replay(join(folder, 'run.jsonl')));
        strictEqual(records.filter(({ type }) => type === 'sink-error').length, 1);
      },
    }),
  ),
  {
    kind,
    fault: 'what is no alert is reported, and what is no request is asked for',
    expected: 'a sink-error each',
    told: /expected alerts|expected requests/,
    inject({ run }) {
      for (const nonsense of [undefined, null, 1, {}, [], Symbol('s'), { type: 'alert' }, { command: {} }]) {
        run.report(of(nonsense) as never);
        run.steer(of(nonsense) as never);
      }
    },
  },
];

export const SUBSCRIBERS: readonly Fault[] = [...FAILING, ...ODD];
