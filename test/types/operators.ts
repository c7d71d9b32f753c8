/**
 * What the types of operators must accept, and must refuse. Nothing here runs: `tsc` is the test, and an
 * `@ts-expect-error` that is not needed fails it.
 */
import { map, type Observable, type OperatorFunction, of } from 'rxjs';
import {
  type DefaultStatistic,
  ema,
  explodingUpdates,
  type GlobalNorms,
  globalNorms,
  groupByLayer,
  lossSpike,
  nonFinite,
  ofMeasurement,
  ofType,
  type ParameterUpdates,
  parameterDrift,
  parameterUpdates,
  type Schedule,
  selectParameters,
  steerUpdateRatio,
  stopOnAlert,
  type Throughput,
  type TrainingEvent,
  throughput,
  topUpdates,
  unchangedParameter,
  updateRatioBand,
} from 'trainscope';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const yes = <T extends true>(_?: T) => {};

declare const events$: Observable<TrainingEvent>;
const updates$ = events$.pipe(parameterUpdates());
const norms$ = events$.pipe(parameterUpdates({ statistics: ['updateNorm', 'weightNorm'] }));
const ratios$ = events$.pipe(parameterUpdates({ statistics: ['updateRatio', 'updateNorm'] }));
const means$ = events$.pipe(parameterUpdates({ statistics: ['meanAbsRatio', 'nonFinite'] }));

// parameterUpdates: the statistics are in the type.
yes<Equal<typeof updates$, Observable<ParameterUpdates<DefaultStatistic>>>>();
yes<Equal<typeof norms$, Observable<ParameterUpdates<'updateNorm' | 'weightNorm'>>>>();
norms$.subscribe(({ columns, of }) => {
  const norm: number = of('w').updateNorm;
  console.log(norm, columns.weightNorm[0]);
  // @ts-expect-error: no gradient norm was asked for
  console.log(columns.gradientNorm);
  // @ts-expect-error: nor is it in the rows
  console.log(of('w').gradientNorm);
});
// @ts-expect-error: no such statistic
parameterUpdates({ statistics: ['updateNorms'] });
// @ts-expect-error: not a schedule
parameterUpdates({ when: 10 });
// @ts-expect-error: a schedule answers with a boolean
const nonsense: Schedule = () => 'yes';
// @ts-expect-error: it measures events, not measurements
updates$.pipe(parameterUpdates());

// selectParameters, topUpdates, ema keep the statistics.
const kept$ = norms$.pipe(selectParameters(/w$/), topUpdates(3), ema({ decay: 0.9 }));
yes<Equal<typeof kept$, typeof norms$>>();
const byRatio$ = ratios$.pipe(topUpdates(3, { by: 'updateRatio' }));
yes<Equal<typeof byRatio$, typeof ratios$>>();
// @ts-expect-error: there is nothing to sort by
means$.pipe(topUpdates(3));
// @ts-expect-error: it was not measured
norms$.pipe(topUpdates(3, { by: 'gradientNorm' }));
// @ts-expect-error: not a pattern
selectParameters(5);

// ema takes numbers too; one of its two options.
const smooth$ = of(1, 2).pipe(ema({ halfLife: 3 }));
yes<Equal<typeof smooth$, Observable<number>>>();
const means: OperatorFunction<1 | 2, number> = ema();
// @ts-expect-error: both say the same
ema({ decay: 0.9, halfLife: 3 });
// @ts-expect-error: strings have no mean
of('a').pipe(ema());

// groupByLayer: ratios of means are left out, and a ratio of norms needs the norms.
const layers$ = means$.pipe(groupByLayer());
yes<Equal<typeof layers$, Observable<ParameterUpdates<'nonFinite'>>>>();
const all$ = updates$.pipe(groupByLayer({ layer: (name) => name }));
yes<Equal<typeof all$, typeof updates$>>();
// @ts-expect-error: weightNorm is missing
ratios$.pipe(groupByLayer());

// globalNorms has just the norms that there are, and the ratio where both of its norms are.
const global$ = norms$.pipe(globalNorms());
global$.pipe(map(({ updateRatio, updateNorm, weightNorm, loss }) => updateRatio + updateNorm + weightNorm + loss));
yes<Equal<typeof global$, Observable<GlobalNorms<'updateNorm' | 'weightNorm'>>>>();
// @ts-expect-error: no gradient norm was measured
global$.pipe(map(({ gradientNorm }) => gradientNorm));
ratios$.pipe(
  globalNorms(),
  // @ts-expect-error: no weight norm, so no ratio
  map(({ updateRatio }) => updateRatio),
);

// ofType and ofMeasurement narrow.
events$.pipe(
  ofType('step-end', 'evaluate'),
  map((event) => (event.type === 'step-end' ? event.loss : event.metrics.loss)),
);
// @ts-expect-error: no such event
ofType('step-ended');
const speeds$ = of({ type: 'anything' }).pipe(ofMeasurement('throughput'));
yes<Equal<typeof speeds$, Observable<Throughput>>>();
// @ts-expect-error: an event is no measurement
ofMeasurement('step-end');

// The others take events.
events$.pipe(throughput({ window: 5 }));
events$.pipe(parameterDrift({ when: () => true }));
// @ts-expect-error: drift is measured from events
updates$.pipe(parameterDrift());

// Rules and control need their statistics.
norms$.pipe(explodingUpdates());
norms$.pipe(steerUpdateRatio());
means$.pipe(nonFinite());
means$.pipe(updateRatioBand({ by: 'meanAbsRatio' }));
// @ts-expect-error: no ratio of deviations was measured
means$.pipe(updateRatioBand({ by: 'stdRatio' }));
// @ts-expect-error: no norm was measured
means$.pipe(steerUpdateRatio());
// @ts-expect-error: nothing unchanged was counted
norms$.pipe(unchangedParameter());
// @ts-expect-error: alerts, not updates
updates$.pipe(stopOnAlert());
// @ts-expect-error: a spike is seen in events
updates$.pipe(lossSpike());

export { means, nonsense };
