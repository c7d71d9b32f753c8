import { expect, it } from 'vitest';
import { readEnvironment } from '../../../src/sinks/otel/setup/environment.js';
import { resolveSettings } from '../../../src/sinks/otel/setup/settings.js';

/** Longer than that, a timer of Node ends at once. */
const LONGEST = 2 ** 31 - 1;

it.each([
  ['the default', {}, [5_000, 5_000]],
  ['no limit of time, which is the interval', { OTEL_METRIC_EXPORT_TIMEOUT: '0' }, [5_000, 5_000]],
  [
    'no limit of time for OTLP',
    { OTEL_EXPORTER_OTLP_TIMEOUT: '0', OTEL_METRIC_EXPORT_INTERVAL: '60000' },
    [60_000, 60_000],
  ],
  ['of several, that of the reader', { OTEL_METRIC_EXPORT_TIMEOUT: '7', OTEL_EXPORTER_OTLP_TIMEOUT: '9' }, [5_000, 7]],
  ['longer than any timer', { OTEL_METRIC_EXPORT_INTERVAL: '99999999999' }, [LONGEST, 5_000]],
])('how often, and for how long: %s', (_, variables, expected) => {
  const environment = readEnvironment(variables);
  const { intervalMs, timeoutMs } = resolveSettings({}, environment).push;
  expect([intervalMs, timeoutMs]).toEqual(expected);
  expect(environment.warnings).toEqual([]);
});

it('an interval of an option that is longer than any timer is the longest', () => {
  const { push } = resolveSettings({ intervalMs: 1e12, timeoutMs: 1e12 }, readEnvironment({}));
  expect([push.intervalMs, push.timeoutMs]).toEqual([LONGEST, LONGEST]);
});
