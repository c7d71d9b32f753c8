import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { MEASUREMENT_TYPES, type MeasurementType } from '../../src/events/measurements.js';
import { ofMeasurement } from '../../src/operators/of-measurement.js';
import { event, updatesOf } from './fake-run.js';
import { collect } from './marbles.js';

describe('ofMeasurement', () => {
  it('keeps the measurements of one type, of events and measurements mixed', () => {
    const updates = updatesOf({ updateNorm: [1] });
    const records$ = of(event('step-begin'), updates, event('step-end'), { type: 'throughput' }, { type: 'other' });
    expect(collect(records$.pipe(ofMeasurement('parameter-updates'))).values).toEqual([updates]);
    for (const type of MEASUREMENT_TYPES) {
      expect(collect(of({ type }, { type: 'x' }).pipe(ofMeasurement(type))).values).toEqual([{ type }]);
    }
  });

  it('lists the types there are', () => {
    expect(() => ofMeasurement('parameter-update' as MeasurementType)).toThrow(
      'type: expected one of parameter-updates, parameter-drift, parameter-values, global-norms, throughput, activations; got "parameter-update"; did you mean "parameter-updates"?',
    );
  });
});
