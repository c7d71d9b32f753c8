/** The ways in which rxjs teaches to make streams and to subscribe, with something in them that fails. */
import {
  asyncScheduler,
  combineLatest,
  defer,
  delay,
  finalize,
  from,
  groupBy,
  map,
  merge,
  Observable,
  observeOn,
  of,
  Subject,
  switchMap,
  take,
  timer,
  windowCount,
  zip,
} from 'rxjs';
import type { TrainingEvent } from 'trainscope';

export const boom = () => {
  throw new Error('boom');
};

/** Streams of the events, with something that fails as they are delivered or in a promise of its own. */
export const WAYS_TO_FAIL: readonly (readonly [string, (events$: Observable<TrainingEvent>) => unknown])[] = [
  ['a subscriber that throws', (events$) => events$.subscribe(boom)],
  ['an operator that throws', (events$) => events$.pipe(map(boom)).subscribe()],
  ['new Observable', (events$) => new Observable((s) => events$.subscribe((e) => s.next(e))).subscribe(boom)],
  ['new Observable, passed through', (events$) => new Observable((s) => events$.subscribe(s)).subscribe(boom)],
  [
    'new Observable whose operator throws',
    (events$) => new Observable((s) => events$.subscribe(s)).pipe(map(boom)).subscribe(),
  ],
  ['defer', (events$) => defer(() => events$).subscribe(boom)],
  ['merge', (events$) => merge(events$, of(1)).subscribe((value) => value === 1 || boom())],
  ['switchMap', (events$) => events$.pipe(switchMap(() => of(1))).subscribe(boom)],
  ['an inner subscription', (events$) => events$.subscribe(() => of(1).subscribe(boom))],
  ['groupBy', (events$) => events$.pipe(groupBy(({ type }) => type)).subscribe((group$) => group$.subscribe(boom))],
  ['windowCount', (events$) => events$.pipe(windowCount(2)).subscribe((window$) => window$.subscribe(boom))],
  [
    'a Subject between',
    (events$) => {
      const subject = new Subject();
      subject.subscribe(boom);
      events$.subscribe(subject);
    },
  ],
  ['a throwing finalize, at unsubscribe', (events$) => events$.pipe(finalize(boom)).subscribe().unsubscribe()],
  ['a throwing finalize, after take', (events$) => events$.pipe(finalize(boom), take(1)).subscribe()],
  ['a throwing finalize, at the end', (events$) => events$.pipe(finalize(boom)).subscribe()],
  ['a throwing complete', (events$) => events$.subscribe({ complete: boom })],
  ['an async subscriber', (events$) => events$.subscribe(async () => boom())],
  ['an async observer', (events$) => events$.subscribe({ next: async () => boom() })],
  ['an async complete', (events$) => events$.subscribe({ complete: async () => boom() })],
];

const later = delay<TrainingEvent>(1);

type Stream = Observable<unknown>;

/**
 * Streams that do not come of `events$` by `pipe` alone, and give something when the delivery of an event is over: what
 * docs/operators.md says is not caught unless it is given to `attach` or `supervise`.
 */
export const LATE_STREAMS: readonly (readonly [
  string,
  (events$: Observable<TrainingEvent>, use: (stream$: Stream) => void) => void,
])[] = [
  ['new Observable', (events$, use) => use(new Observable((s) => events$.pipe(later).subscribe(s)))],
  ['defer', (events$, use) => use(defer(() => events$.pipe(later)))],
  ['merge', (events$, use) => use(merge(events$.pipe(later), of(1).pipe(observeOn(asyncScheduler))))],
  ['combineLatest', (events$, use) => use(combineLatest([events$.pipe(later), of(1)]))],
  ['zip', (events$, use) => use(zip(events$.pipe(later), of(1)))],
  ['from a promise', (events$, use) => use(from(new Promise((done) => events$.subscribe(done))))],
  ['timer', (_events$, use) => use(timer(1))],
  [
    'a Subject between',
    (events$, use) => {
      const subject = new Subject<TrainingEvent>();
      use(subject);
      events$.pipe(later).subscribe(subject);
    },
  ],
  ['a group', (events$, use) => events$.pipe(groupBy(({ run }) => run)).subscribe((group$) => use(group$.pipe(later)))],
  ['a window', (events$, use) => events$.pipe(windowCount(99)).subscribe((window$) => use(window$.pipe(later)))],
];
