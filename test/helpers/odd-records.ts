import { MEASUREMENT_TYPES, type RunRecord, TRAINING_EVENT_TYPES } from 'trainscope';

export const AT = { run: 'test', step: 3, epoch: 0, time: 1 };

/** A record of every type there is, with nothing but where it was. */
export const BARE_RECORDS = [...TRAINING_EVENT_TYPES, ...MEASUREMENT_TYPES].map(
  (type) => ({ type, ...AT }) as unknown as RunRecord,
);

const circle: Record<string, unknown> = { name: 'a' };
circle.self = circle;

const throwing = Object.defineProperty({}, 'it', {
  enumerable: true,
  get() {
    throw new Error('no');
  },
});

const badMessage = Object.defineProperty(new Error(), 'message', { get: () => circle });

/** What somebody may throw. */
export const ODD_CAUSES: readonly unknown[] = [
  circle,
  10n,
  throwing,
  badMessage,
  { toJSON: () => circle },
  new Proxy({}, { ownKeys: () => [10 as never] }),
  Symbol('s'),
  () => 1,
  Object.create(null),
  { weights: new Float32Array(1_000_000) },
  new Error('disk full'),
  'a text',
  { code: 7 },
  undefined,
];

/** Metrics that are no numbers, or that JSON cannot say. */
export const ODD_METRICS: Readonly<Record<string, unknown>> = { circle, throwing, big: 10n, loss: -0 };
