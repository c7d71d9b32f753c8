/** Numbers in, alerts out: what each threshold does just below, at, and just above it. */
import { describe, expect, it } from 'vitest';
import {
  type AlertEvent,
  allZero,
  changedBetweenUpdates,
  constantLoss,
  constantPrediction,
  deadRelu,
  type ExplodingUpdatesOptions,
  explodingUpdates,
  gradientNormJump,
  identicalUnits,
  labelLeak,
  lossNotDecreasing,
  lossSpike,
  nonFinite,
  nonFiniteLoss,
  overfit,
  overtraining,
  poorInitialization,
  ranksDiffer,
  sameOrder,
  saturatedActivation,
  slowLoader,
  staleBatchNorm,
  stalledTraining,
  stragglers,
  strongDecay,
  tensorLeak,
  tinyUpdates,
  unboundedLoss,
  unchangedParameter,
  updateRatioBand,
  vanishingGradients,
  zeroLearningRate,
} from '../../src/index.js';
import { event, updatesOf } from '../operators/fake-run.js';
import { activated, alertsOf, brief, column, evaluations, losses, ranks } from './numbers.js';

const times = (n: number, value: number): number[] => Array(n).fill(value);

/** name, alerts, expected in brief. */
type Row = readonly [string, () => AlertEvent[], readonly string[]];

const rows: Readonly<Record<string, readonly Row[]>> = {
  nonFinite: [
    ['none', () => alertsOf(column('nonFinite', [0]), nonFinite()), []],
    ['one value', () => alertsOf(column('nonFinite', [0, 1]), nonFinite()), ['begin error a/w 2-2']],
  ],
  explodingUpdates: [
    ['at the ratio', () => exploding(times(9, 0.1), [1, ...times(8, 9)]), []],
    ['just above it, three times', () => exploding(times(3, 0.1000001), [1, 9, 1]), ['begin error a/w 1-3']],
    ['twice', () => exploding([1, 1, 0, 1, 1], [1, 9, 9, 9, 9]), []],
    ['the loss has doubled', () => exploding(times(3, 1), [2, 3, 4]), []],
    ['more', () => exploding(times(3, 1), [2, 3, 4.01]), ['begin error a/w 1-3']],
    ['a small loss has doubled', () => exploding(times(3, 1), [0.1, 0.3, 1.1]), []],
    ['a loss that falls', () => exploding(times(9, 1), [9, 8, 7, 6, 5, 4, 3, 2, 1]), []],
    [
      'it goes on until the loss is back',
      () => exploding([...times(3, 1), ...times(30, 0)], [1, 9, ...times(20, 5), ...times(11, 1)]),
      ['begin error a/w 1-3', 'end error a/w 1-32'],
    ],
    ['zero weights', () => exploding(times(5, 1), [1, ...times(4, 9)], 0), []],
    ['a NaN says nothing', () => exploding(times(5, Number.NaN), [1, ...times(4, 9)]), []],
    [
      'an infinity is above',
      () => exploding(times(3, Infinity), [1, 9, 9], 1, { ratio: 1e9 }),
      ['begin error a/w 1-3'],
    ],
    ['of a loop that shows no loss, ten times the ratio', () => unseen(times(3, 1)), []],
    ['more of such a loop', () => unseen(times(3, 1.01)), ['begin error a/w 1-3']],
    [
      'a bias of zeros counts with its layer',
      () =>
        alertsOf(
          [1, 2, 3].map((step) =>
            Object.assign(
              updatesOf({ updateNorm: [0.01, 0.09], weightNorm: [1, 0] }, { names: ['a/kernel', 'a/bias'], step }),
              { loss: step * step },
            ),
          ),
          explodingUpdates(),
        ),
      [],
    ],
  ],
  unchangedParameter: [
    ['two steps', () => alertsOf(column('unchanged', [1, 1, 0, 1, 1]), unchangedParameter()), []],
    ['three', () => alertsOf(column('unchanged', [1, 1, 1]), unchangedParameter()), ['begin warning a/w 1-3']],
    ['all but one value', () => alertsOf(column('unchanged', times(9, 0.999)), unchangedParameter()), []],
    [
      'as many as asked for',
      () => alertsOf(column('unchanged', times(5, 1)), unchangedParameter({ steps: 5 })),
      ['begin warning a/w 1-5'],
    ],
    [
      'its gradients are lost to rounding',
      () => alertsOf(column('unchanged', times(9, 1), { gradientNorm: 1e-9 }), unchangedParameter()),
      [],
    ],
    [
      'no gradient reaches it',
      () => alertsOf(column('unchanged', times(9, 1), { gradientNorm: 0 }), unchangedParameter()),
      ['begin warning a/w 1-3'],
    ],
    [
      'at a rate of 0',
      () => alertsOf(column('unchanged', times(9, 1), {}, { learningRate: 0 }), unchangedParameter()),
      [],
    ],
    ['no element', () => alertsOf(column('unchanged', times(9, 1), {}, { size: 0 }), unchangedParameter()), []],
  ],
  allZero: [
    ['zeros that move', () => alertsOf(column('weightNorm', times(5, 0), { updateNorm: 1e-9 }), allZero()), []],
    [
      'zeros that stay',
      () => alertsOf(column('weightNorm', times(3, 0), { updateNorm: 0 }), allZero()),
      ['begin warning a/w 1-3'],
    ],
    ['a least number', () => alertsOf(column('weightNorm', times(5, 5e-324), { updateNorm: 0 }), allZero()), []],
  ],
  vanishingGradients: [
    // Four elements: the root mean square is half the norm. The largest is the same parameter's, or another's.
    [
      'alone it is the largest itself',
      () => alertsOf(column('gradientNorm', times(5, 1e-12)), vanishingGradients()),
      [],
    ],
    ['at the threshold', () => vanishing(2e-7, 1), []],
    ['just below', () => vanishing(1.99e-7, 1), ['begin warning a 1-3']],
    ['tiny, but so is all', () => vanishing(1e-9, 1e-6), []],
    ['tiny beside the largest, above the share', () => vanishing(2.01e-9, 1e-5), []],
    ['just below the share', () => vanishing(1.99e-9, 1e-5), ['begin warning a 1-3']],
    ['none at all', () => vanishing(0, 1), ['begin warning a 1-3']],
  ],
  updateRatioBand: [
    ...[1e-4, 1e-3, 1e-2].map((value): Row => [`${value} is in it`, () => band(value), []]),
    ['below', () => band(0.99e-4), ['begin warning a/w 1-3']],
    ['above', () => band(1.01e-2), ['begin warning a/w 1-3']],
    ['at the least', () => band(1e-8), ['begin warning a/w 1-3']],
    ['far below', () => band(0.99e-8), ['begin error a/w 1-3']],
    ['at the most', () => band(10), ['begin warning a/w 1-3']],
    ['far above', () => band(10.01), ['begin error a/w 1-3']],
    ...[0, Infinity, Number.NaN].map((value): Row => [`${value} is not judged`, () => band(value), []]),
    [
      'by means of absolutes',
      () => alertsOf(column('meanAbsRatio', times(3, 1)), updateRatioBand({ by: 'meanAbsRatio' })),
      ['begin warning a/w 1-3'],
    ],
    [
      'by deviations',
      () => alertsOf(column('stdRatio', times(3, 1)), updateRatioBand({ by: 'stdRatio' })),
      ['begin warning a/w 1-3'],
    ],
    [
      'getting worse ends one and begins another, with the same first step',
      () => alertsOf(column('updateRatio', [0.1, 0.1, 0.1, 99]), updateRatioBand()),
      ['begin warning a/w 1-3', 'end warning a/w 1-4', 'begin error a/w 1-4'],
    ],
  ],
  gradientNormJump: [
    ['ten times the mean', () => alertsOf(column('gradientNorm', [...times(50, 1), 10]), gradientNormJump()), []],
    [
      'more',
      () => alertsOf(column('gradientNorm', [...times(50, 1), 10.01]), gradientNormJump()),
      ['begin warning 51-51'],
    ],
    ['too early', () => alertsOf(column('gradientNorm', [...times(49, 1), 50]), gradientNormJump()), []],
    [
      'an infinity at first does not blind it',
      () => alertsOf(column('gradientNorm', [Infinity, ...times(50, 1), 10.01]), gradientNormJump()),
      ['begin warning 52-52'],
    ],
    [
      'less than at the start',
      () => alertsOf(column('gradientNorm', [...times(50, 1), ...times(50, 0.01), 0.9]), gradientNormJump()),
      [],
    ],
  ],
  lossSpike: [
    ['three times the mean', () => alertsOf(losses(1, 3), lossSpike()), []],
    ['more', () => alertsOf(losses(1, 3.01), lossSpike()), ['begin warning 2-2']],
    ['in the warm-up', () => alertsOf(losses(1, 9, 1), lossSpike({ warmup: 2 })), []],
    ['a spike is no part of the mean', () => alertsOf(losses(1, 100, 4), lossSpike()), ['begin warning 2-2']],
    ['a rise by the first loss is the least', () => alertsOf(losses(10, ...times(10, 0.125), 10.125), lossSpike()), []],
    ['more than that', () => alertsOf(losses(10, ...times(10, 0.125), 10.126), lossSpike()), ['begin warning 12-12']],
    ['the window forgets', () => alertsOf(losses(0.5, ...times(10, 1), 2.95), lossSpike()), []],
    ['infinite, from the first', () => alertsOf(losses(Infinity), lossSpike()), ['begin warning 1-1']],
    [
      'infinite below zero, and no part of the mean',
      () => alertsOf(losses(1, -Infinity, 1, 1, 1, 9), lossSpike()),
      ['begin warning 2-2', 'end warning 2-5', 'begin warning 6-6'],
    ],
    ['one that was never shown', () => alertsOf(losses(1, Number.NaN, 1), lossSpike()), []],
    ['negative losses', () => alertsOf(losses(-10, -10, 10, 10.1), lossSpike()), ['begin warning 4-4']],
  ],
  nonFiniteLoss: [
    ['finite losses', () => shown(3, 2, 1, 0, -1), []],
    ['NaN', () => shown(1, 1, Number.NaN), ['begin error 3-3']],
    ['NaN, and finite again', () => shown(1, 1, Number.NaN, 1), ['begin error 3-3', 'end error 3-4']],
    ['infinite, from the first', () => shown(Infinity, 1), ['begin error 1-1', 'end error 1-2']],
    ['infinite below zero', () => shown(-Infinity), ['begin error 1-1']],
    ['infinite, then NaN: one trouble', () => shown(1, 1, Infinity, Number.NaN, Number.NaN), ['begin error 3-3']],
    ['NaN from the first step on', () => shown(...times(3, Number.NaN)), ['begin error 1-1']],
    ['a loop that never shows its loss', () => shown(...Array<undefined>(50).fill(undefined)), []],
    [
      'a loop that shows every fifth',
      () => shown(...Array.from({ length: 50 }, (_, i) => (i % 5 === 4 ? 1 : undefined))),
      [],
    ],
    [
      'NaN of a loop that shows every third',
      () => shown(undefined, undefined, Number.NaN, undefined, undefined, 1),
      ['begin error 3-3', 'end error 3-6'],
    ],
    [
      'a run that tells it itself',
      () =>
        alertsOf([event('alert', { rule: 'non-finite-loss' }), ...losses(1, 1, Number.NaN, Infinity)], nonFiniteLoss()),
      [],
    ],
    [
      'its own alert, reported, silences it not',
      () =>
        alertsOf(
          [
            ...losses(1, 1, Number.NaN),
            event('alert', { rule: 'non-finite-loss', phase: 'begin' }),
            ...losses(1, Infinity).map((end) => ({ ...end, step: end.step + 3 })),
          ],
          nonFiniteLoss(),
        ),
      ['begin error 3-3', 'end error 3-4', 'begin error 5-5'],
    ],
  ],
  lossNotDecreasing: [
    ['any decrease passes', () => plateau([1, 1 - 1e-9, 1 - 2e-9, 1 - 3e-9]), []],
    ['none, twice', () => plateau([1, 1, 1]), ['begin warning 4-6']],
    ['once', () => plateau([1, 1, 0.5, 0.5]), []],
    ['it is held against the best', () => plateau([1, 2, 1.5]), ['begin warning 4-6']],
  ],
  overfit: [
    // Rising validation losses; the training loss is 1.
    [
      'a gap of a tenth',
      () =>
        alertsOf(
          evaluations([
            [1, 0.9],
            [1, 1.05],
            [1, 1.1],
          ]),
          overfit(),
        ),
      [],
    ],
    [
      'more, twice',
      () =>
        alertsOf(
          evaluations([
            [1, 1],
            [1, 1.11],
            [1, 1.12],
          ]),
          overfit(),
        ),
      ['begin warning 2-3'],
    ],
    [
      'more, once',
      () =>
        alertsOf(
          evaluations([
            [1, 1],
            [1, 1.11],
            [2, 1.12],
          ]),
          overfit(),
        ),
      [],
    ],
    [
      'a gap, but both fall',
      () =>
        alertsOf(
          evaluations([
            [0.5, 1],
            [0.4, 0.9],
            [0.3, 0.8],
          ]),
          overfit(),
        ),
      [],
    ],
    ...[Number.NaN, Infinity].map(
      (lost): Row => [
        `a validation loss of ${lost} at first does not blind it`,
        () =>
          alertsOf(
            evaluations([
              [1, lost],
              [1, 1],
              [1, 2],
              [1, 3],
            ]),
            overfit(),
          ),
        ['begin warning 3-4'],
      ],
    ),
    [
      "a Trainer's eval_loss",
      () =>
        alertsOf(
          evaluations(
            [
              [1, 1],
              [1, 2],
              [1, 3],
            ],
            'eval_loss',
          ),
          overfit(),
        ),
      ['begin warning 2-3'],
    ],
    [
      'no loss among the metrics',
      () =>
        alertsOf(
          evaluations(
            [
              [1, 1],
              [1, 2],
              [1, 3],
            ],
            'accuracy',
          ),
          overfit(),
        ),
      [],
    ],
    [
      'a metric by name',
      () =>
        alertsOf(
          evaluations(
            [
              [1, 1],
              [1, 2],
              [1, 3],
            ],
            'mine',
          ),
          overfit({ metric: 'mine' }),
        ),
      ['begin warning 2-3'],
    ],
  ],
  overtraining: [
    ['just before both patiences', () => overtrained(10), []],
    ['at both', () => overtrained(11), ['begin warning 11-11']],
    [
      'a tenth better begins again',
      () => alertsOf(evaluations([...Array(10).fill([1, 1]), [1, 0.89], [1, 0.89]]), overtraining()),
      [],
    ],
    [
      'less than a tenth does not',
      () => alertsOf(evaluations([...Array(10).fill([1, 1]), [1, 0.9]]), overtraining()),
      ['begin warning 11-11'],
    ],
  ],
  deadRelu: [
    ['nine in ten', () => dead(0.9), []],
    ['more', () => dead(0.91), ['begin warning hidden 1-3']],
    ['a single example says nothing', () => dead(1, 0.5, Number.NaN), []],
    ['not of a ReLU', () => dead(Number.NaN), []],
    ['NaN is not dead', () => dead(1, Number.NaN), []],
  ],
  saturatedActivation: [
    ['half of it', () => saturated(0.5), []],
    ['more', () => saturated(0.51), ['begin warning hidden 1-3']],
  ],
  poorInitialization: [
    ['a thousand times less', () => initialized(1e-3), []],
    ['even less', () => initialized(0.99e-3), ['begin warning b 1-3']],
    ['a thousand times more', () => initialized(1e3), []],
    ['even more', () => initialized(1.01e3), ['begin warning b 1-3']],
    ['none', () => initialized(0), ['begin warning b 1-3']],
    ['of a single example', () => initialized(Number.NaN), []],
    ['later than the first ten steps', () => initialized(0, 9), []],
  ],
  stalledTraining: [
    ['just before', () => stalled(99), []],
    ['at it', () => stalled(100), ['begin error 0-0', 'end error 0-1']],
    ['after the end', () => stalled(1000, 'train-end'), []],
    ['after the end and a last checkpoint', () => stalled(1000, 'train-end', 'save'), []],
    ['alerts are no sign of life', () => stalled(100, 'step-end', 'alert'), ['begin error 0-0', 'end error 0-2']],
    ['a checkpoint is', () => stalled(100, 'step-end', 'save'), []],
    ['a training that begins again after long, as a resumed one does', () => resumedAfter(1000), []],
  ],
  ranksDiffer: [
    ['alike', () => differing([[], [], []]), []],
    ['one step, by little', () => differing([[], [['w', 1e-5]], []]), ['begin error w 2-2']],
    ['a NaN in one of them', () => differing([[['w', Infinity]]]), ['begin error w 1-1']],
    [
      'over ten steps without, it is over',
      () => differing([[['w', 1]], ...Array(10).fill([])]),
      ['begin error w 1-1', 'end error w 1-11'],
    ],
  ],
  stragglers: [
    ['alike', () => lagging(40, [30, 30, 30]), []],
    ['a little slower', () => lagging(40, [30, 30, 38]), []],
    ['slower, for the first full window and two more', () => lagging(22, [30, 30, 60]), ['begin warning 20-22']],
    ['slower, but not yet known', () => lagging(19, [30, 30, 60]), []],
    ['slower by what no one notices in a step', () => lagging(40, [1, 1, 2]), []],
    ['of two', () => lagging(22, [60, 30]), ['begin warning 20-22']],
    ['that do not say, and take as long', () => lagging(40, [Number.NaN, Number.NaN]), []],
    ['one that does not tell', () => lagging(3, [30, 30], [2]), ['begin warning 1-3']],
  ],
  changedBetweenUpdates: [
    ['as far as the update can have moved it', () => changed([1, 1.5, 2, 2.5, 3]), []],
    ['further, twice', () => changed([1, 1.6, 2.2, 2.2]), []],
    ['three times', () => changed([1, 1.6, 2.2, 2.8]), ['begin warning 4-4']],
    ['smaller by more, too', () => changed([3, 2.4, 1.8, 1.2]), ['begin warning 4-4']],
    ['three times, but twenty updates apart', () => changed([1, 2, ...times(20, 2), 3, ...times(20, 3), 4]), []],
    ['steps that were not measured lie between', () => changed([1, 2, 3, 4, 5], 2), []],
  ],
  constantLoss: [
    ['nineteen like the first', () => constant(20), []],
    ['twenty', () => constant(21), ['begin warning 2-21']],
    ['of weights that hardly move', () => constant(30, 0.9e-5), []],
    ['but for the last digit', () => constant(30, 1, 1e-12), []],
  ],
  constantPrediction: [
    ['four evaluations', () => predicted([2, 1.8, 1.6, 1.4], 0.8), []],
    ['five, and the loss has fallen by less than a fifth', () => predicted([2, 1.9, 1.8, 1.7, 1.61], 0.8), []],
    ['by more', () => predicted([2, 1.9, 1.8, 1.7, 1.59], 0.8), ['begin warning 5-5']],
    ['always right', () => predicted([2, 1.9, 1.8, 1.7, 1.5], 1), []],
    // Of 80 % in one class, whoever gives all the same has a cross entropy of 0.5 at the least.
    ['a loss that no constant prediction has', () => predicted([0.9, 0.8, 0.7, 0.6, 0.49], 0.8), []],
  ],
  identicalUnits: [
    ['half of them', () => identical(0.5), []],
    ['more', () => identical(0.51), ['begin warning hidden 1-3']],
    ['a run that was recorded without', () => identical(), []],
  ],
  labelLeak: [
    ['a twentieth is left', () => perfect([0.1]), []],
    ['less', () => perfect([0.09]), ['begin info 2-2']],
    ['but one example is wrong', () => perfect([0.09], 0.99), []],
    ['at the fifth evaluation', () => perfect([1, 1, 1, 1, 0.09]), ['begin info 6-6']],
    ['at the sixth', () => perfect([1, 1, 1, 1, 1, 0.09]), []],
  ],
  sameOrder: [
    ['two epochs', () => ordered(2, 16, sawtooth), []],
    ['three', () => ordered(3, 16, sawtooth), ['begin warning 32-48']],
    ['of fifteen steps', () => ordered(5, 15, sawtooth), []],
    ['a smooth loss that falls throughout', () => ordered(4, 16, (epoch, i) => Math.exp(-epoch - i / 16)), []],
  ],
  slowLoader: [
    ['as long as a step', () => loaded(30, 30), []],
    ['longer', () => loaded(30, 31), ['begin info 21-23']],
    ['twenty milliseconds', () => loaded(1, 20), []],
    ['a source that sees the update alone', () => loaded(1, 100, false), []],
  ],
  staleBatchNorm: [
    ['behind, twice', () => stale([1.3, 1.3]), ['begin warning 2-3']],
    ['once', () => stale([1.3, 0.9]), []],
    ['three fifths of the first loss', () => stale([1.2, 1.2]), []],
    ['risen: learned by heart', () => stale([3, 3]), []],
    ['half of the first training loss', () => stale([1.3, 1.3], 1), []],
    ['of a model without', () => stale([1.3, 1.3], 0.9, 'hidden/kernel'), []],
    ['as torch calls it', () => stale([1.3, 1.3], 0.9, 'layer1.0.bn1.weight'), ['begin warning 2-3']],
  ],
  strongDecay: [
    ['half, and the loss has not fallen', () => shrunk(0.5), []],
    ['less', () => shrunk(0.49), ['begin warning 40-42']],
    ['while it falls', () => shrunk(0.49, 0.01), []],
    ['a tenth while it falls', () => shrunk(0.1, 0.01), []],
    ['less than that', () => shrunk(0.09, 0.01), ['begin warning 2-4']],
  ],
  tinyUpdates: [
    ['at the ratio', () => tiny(1e-5), []],
    ['below', () => tiny(0.99e-5), ['begin warning 40-42']],
    ['while the loss falls', () => tiny(1e-7, { fall: 0.01 }), []],
    ['at the end of a decay', () => tiny(1e-7, { rate: (step) => (step < 5 ? 1 : 0.49) }), []],
    ['at a rate of 0', () => tiny(0, { rate: () => 0 }), []],
  ],
  unboundedLoss: [
    ['ten times the first', () => alertsOf(losses(-2, -20, -20, -20), unboundedLoss()), []],
    ['more', () => alertsOf(losses(-2, -20.1, -20.1, -20.1), unboundedLoss()), ['begin warning 2-4']],
    ['of a first loss near zero', () => alertsOf(losses(0.1, -10, -10, -10), unboundedLoss()), []],
  ],
  zeroLearningRate: [
    ['nine updates', () => rated([...times(9, 0), 1]), []],
    ['ten', () => rated(times(10, 0)), ['begin warning 1-10']],
    ['a rate that no one shows', () => rated(times(20, Number.NaN)), []],
  ],
  tensorLeak: [
    ['nine steps', () => leak([...Array(10).keys()]), []],
    ['ten', () => leak([...Array(11).keys()]), ['begin warning 2-11']],
    ['one step without', () => leak([0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10]), []],
    ['a source that does not count', () => leak(Array(20).fill(undefined)), []],
  ],
};

function vanishing(norm: number, largest: number): AlertEvent[] {
  const updates = [1, 2, 3].map((step) =>
    Object.assign(updatesOf({ gradientNorm: [norm, largest] }, { names: ['a/w', 'b/w'], sizes: [4, 1], step })),
  );
  return alertsOf(updates, vanishingGradients());
}

/** Losses, undefined where the loop does not show one. */
const shown = (...values: readonly (number | undefined)[]) =>
  alertsOf(
    values.flatMap((loss, i) => {
      const [end] = losses(loss ?? Number.NaN);
      return { ...end!, step: i + 1, ...(loss === undefined && { lossShown: false as const }) };
    }),
    nonFiniteLoss(),
  );

const changed = (norms: readonly number[], every = 1) =>
  alertsOf(
    column('weightNorm', norms, { updateNorm: 0.5 }).map((each) => Object.assign(each, { step: each.step * every })),
    changedBetweenUpdates(),
  );

const constant = (steps: number, updateNorm = 1, slope = 0) =>
  alertsOf(
    column(
      'updateNorm',
      times(steps, updateNorm),
      { weightNorm: 1 },
      { losses: times(steps, 1).map((loss, i) => loss + slope * i) },
    ),
    constantLoss(),
  );

const evaluated = (step: number, val_loss: number, val_accuracy: number) =>
  event('evaluate', { step, metrics: { val_loss, val_accuracy } });

const predicted = (values: readonly number[], accuracy: number) =>
  alertsOf(
    values.map((loss, i) => evaluated(i + 1, loss, accuracy)),
    constantPrediction(),
  );

const identical = (share?: number) =>
  alertsOf(
    [1, 2, 3].map((step) => activated(step, { hidden: share === undefined ? {} : { identical: share } })),
    identicalUnits(),
  );

/** After a first loss of 2. */
const perfect = (values: readonly number[], accuracy = 1) =>
  alertsOf([...losses(2), ...values.map((loss, i) => evaluated(i + 2, loss, accuracy))], labelLeak());

const sawtooth = (_epoch: number, i: number) => 1 + (i % 3);

const ordered = (epochs: number, steps: number, loss: (epoch: number, i: number) => number) =>
  alertsOf(
    times(epochs * steps, 0).map((_, i) =>
      event('step-end', { step: i + 1, epoch: (i + 1) / steps, loss: loss(Math.floor(i / steps), i % steps) }),
    ),
    sameOrder(),
  );

const loaded = (durationMs: number, waitMs: number, whole = true) =>
  alertsOf(
    times(23, 0).map((_, i) =>
      event('step-end', { step: i + 1, time: i * (durationMs + waitMs), durationMs, ...(whole && { whole }) }),
    ),
    slowLoader(),
  );

/** After an epoch in which both losses were 2. */
const stale = (validations: readonly number[], train = 0.9, name = 'batch_normalization_1/gamma') =>
  alertsOf(
    [
      updatesOf({ weightNorm: [1] }, { names: [name], step: 1 }),
      ...evaluations([[2, 2], ...validations.map((validation) => [train, validation] as const)]),
    ],
    staleBatchNorm(),
  );

const shrunk = (share: number, fall = 0) =>
  alertsOf(
    column('weightNorm', [1, ...times(41, share)], {}, { losses: times(42, 1).map((loss, i) => loss - fall * i) }),
    strongDecay(),
  );

const tiny = (ratio: number, { fall = 0, rate = () => 0.1 }: TinyOptions = {}) =>
  alertsOf(
    column(
      'updateNorm',
      times(42, ratio),
      { weightNorm: 1 },
      { losses: times(42, 1).map((loss, i) => loss - fall * i) },
    ).map((each) => Object.assign(each, { learningRate: rate(each.step) })),
    tinyUpdates(),
  );

interface TinyOptions {
  readonly fall?: number;
  readonly rate?: (step: number) => number;
}

const rated = (rates: readonly number[]) =>
  alertsOf(
    rates.map((learningRate, i) => event('step-end', { step: i + 1, learningRate })),
    zeroLearningRate(),
  );

const exploding = (
  updates: readonly number[],
  losses: readonly number[],
  weightNorm = 1,
  options: ExplodingUpdatesOptions = {},
) => alertsOf(column('updateNorm', updates, { weightNorm }, { losses }), explodingUpdates(options));

const unseen = (updates: readonly number[]) =>
  alertsOf(
    column('updateNorm', updates, { weightNorm: 1 }).map((each) => Object.assign(each, { lossShown: false as const })),
    explodingUpdates(),
  );

const band = (value: number) => alertsOf(column('updateRatio', times(3, value)), updateRatioBand());

const plateau = (means: readonly number[]) =>
  alertsOf(losses(...means.flatMap((mean) => [mean, mean])), lossNotDecreasing({ steps: 2, patience: 2 }));

const overtrained = (count: number) => alertsOf(evaluations(Array(count).fill([1, 1])), overtraining());

const dead = (share: number, mean = 0.5, variance = 1) =>
  alertsOf(
    [1, 2, 3].map((step) => activated(step, { hidden: { dead: share, mean, variance } })),
    deadRelu(),
  );

const saturated = (share: number) =>
  alertsOf(
    [1, 2, 3].map((step) => activated(step, { hidden: { activation: 'tanh', saturated: share } })),
    saturatedActivation(),
  );

const initialized = (variance: number, from = 1) =>
  alertsOf(
    [0, 1, 2].map((i) => activated(from + i, { a: { variance: 1 }, b: { variance } })),
    poorInitialization(),
  );

function stalled(gap: number, first: 'step-end' | 'train-end' = 'step-end', between?: 'alert' | 'save'): AlertEvent[] {
  const middle = between ? [event(between, { step: 1, time: gap / 2 })] : [];
  const events = [
    event(first, { step: 0, time: 0 }),
    ...middle,
    event('step-end', { step: 1 + middle.length, time: gap }),
  ];
  return alertsOf(events, stalledTraining({ afterMs: 100, timer: () => () => {} }));
}

function resumedAfter(gap: number): AlertEvent[] {
  const events = [event('step-end', { step: 1, time: 0 }), event('train-begin', { step: 1, time: gap })];
  return alertsOf(events, stalledTraining({ afterMs: 100, timer: () => () => {} }));
}

const differing = (steps: readonly (readonly (readonly [string, number])[])[]) =>
  alertsOf(
    steps.map((differences, i) => ranks(i + 1, [10, 10], differences)),
    ranksDiffer(),
  );

const lagging = (steps: number, forwardMs: readonly number[], missing: readonly number[] = []) =>
  alertsOf(
    Array.from({ length: steps }, (_, i) => ranks(i + 1, forwardMs, [], missing)),
    stragglers(),
  );

const leak = (counts: readonly (number | undefined)[]) =>
  alertsOf(
    counts.map((numTensors, i) => event('step-end', { step: i + 1, ...(numTensors !== undefined && { numTensors }) })),
    tensorLeak(),
  );

describe.each(Object.entries(rows))('%s', (_rule, table) => {
  it.each(table)('%s', (_name, alerts, expected) => {
    expect(brief(alerts())).toEqual(expected);
  });
});

/** What tiny updates are put down to. */
const causeOf = (updateNorm: number, gradients: readonly number[], learningRate: number) =>
  alertsOf(
    gradients.map((gradientNorm, i) =>
      Object.assign(
        updatesOf(
          { updateNorm: [updateNorm], weightNorm: [1], gradientNorm: [gradientNorm] },
          { names: ['a/w'], sizes: [100], step: i + 1 },
        ),
        { loss: 1, learningRate },
      ),
    ),
    tinyUpdates(),
  )[0]?.cause;

describe('tinyUpdates', () => {
  const varied = times(42, 0).map((_, i) => 1 + (i % 2));

  it.each([
    ['a low rate, by SGD', causeOf(1e-6, varied, 1e-6), 'rate-too-low'],
    ['a low rate, by Adam', causeOf(1e-6, varied, 1e-7), 'rate-too-low'],
    ['clipping', causeOf(1e-6, times(42, 1e-5), 0.1), 'clipping-too-tight'],
    ['an epsilon', causeOf(1e-6, varied, 1e-3), 'epsilon-too-large'],
  ])('are put down to %s', (_name, cause, expected) => {
    expect(cause).toBe(expected);
  });
});

describe('divergence', () => {
  const causes = (alerts: readonly AlertEvent[]) =>
    alerts.filter(({ phase }) => phase === 'begin').map(({ cause }) => cause);

  it('is told from a single value that is lost', () => {
    expect(causes(shown(1, 9, Number.NaN))).toEqual(['rate-too-high']);
    expect(causes(shown(1, 1, Number.NaN))).toEqual(['non-finite']);
  });

  it('of a first loss above a thousand is put down to inputs that are not scaled', () => {
    expect(causes(shown(2000, 9000, Infinity))).toEqual(['unscaled-inputs']);
    expect(causes(exploding(times(3, 1), [2000, 9000, 9000]))).toEqual(['unscaled-inputs']);
  });

  it('of a run that had learned takes ten updates', () => {
    const lost = (steps: number) => exploding(times(steps + 2, 1), [1, 0.5, ...times(steps, 9)]);
    expect(brief(lost(9))).toEqual([]);
    expect(brief(lost(10))).toEqual(['begin error a/w 1-12']);
  });
});

describe('options of rules', () => {
  it.each([
    [() => nonFinite({ patience: 0 }), 'patience: expected a positive integer, got 0'],
    [() => nonFinite({ recovery: 1.5 }), 'recovery: expected a positive integer, got 1.5'],
    [
      () => nonFinite({ severity: 'errr' as 'error' }),
      'severity: expected one of info, warning, error; got "errr"; did you mean "error"?',
    ],
    [() => explodingUpdates({ ratio: 0 }), 'ratio: expected a positive number, got 0'],
    [() => unchangedParameter({ steps: -1 }), 'steps: expected a positive integer, got -1'],
    [() => vanishingGradients({ share: Number.NaN }), 'share: expected a number above 0, up to 1; got NaN'],
    [() => deadRelu({ share: 50 }), 'share: expected a number above 0, up to 1; got 50'],
    [() => saturatedActivation({ share: 0 }), 'share: expected a number above 0, up to 1; got 0'],
    [() => updateRatioBand({ warn: [1, 1] }), 'warn: expected [lowest, highest] with 0 ≤ lowest < highest, got [1, 1]'],
    [
      () => updateRatioBand({ by: 'ratio' as 'updateRatio' }),
      'by: expected one of updateRatio, meanAbsRatio, stdRatio',
    ],
    [() => overtraining({ delta: -1 }), 'delta: expected a number of at least 0, got -1'],
    [() => stalledTraining({ afterMs: 0 }), 'afterMs: expected a positive number, got 0'],
    [() => stragglers({ share: 2 }), 'share: expected a number above 0, up to 1; got 2'],
    [() => tensorLeak({ steps: 0 }), 'steps: expected a positive integer, got 0'],
  ])('are checked: %s', (make, message) => {
    expect(make).toThrow(message);
  });

  it('a metric that is missing is told with those that there are', () => {
    expect(() => alertsOf(evaluations([[1, 1]], 'val_los'), overfit({ metric: 'val_loss' }))).toThrow(
      'metric: expected one of val_los; got "val_loss"; did you mean "val_los"?',
    );
  });
});
