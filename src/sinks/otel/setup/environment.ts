/** What the OTEL_* variables say, as far as the SDK's own packages do not read them. */
export interface Environment {
  readonly disabled: boolean;
  readonly exporter: 'prometheus' | 'otlp' | 'console' | 'none' | undefined;
  readonly intervalMs: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly prometheusHost: string | undefined;
  readonly prometheusPort: number | undefined;
  /** Where OTLP goes. */
  readonly endpoint: string | undefined;
  /** Whether they say how to compress. */
  readonly compression: boolean;
}

/** @throws TypeError for a variable that cannot be meant. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const text = (name: string) => env[name]?.trim() || undefined;
  const number = (name: string) => {
    const value = text(name);
    if (value === undefined) return undefined;
    if (!(Number(value) >= 0))
      throw new TypeError(`${name}: expected a number of 0 or more, got ${JSON.stringify(value)}`);
    return Number(value);
  };
  const protocol =
    text('OTEL_EXPORTER_OTLP_METRICS_PROTOCOL') ?? text('OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/protobuf';
  if (protocol !== 'http/protobuf') {
    throw new TypeError(
      `OTEL_EXPORTER_OTLP_PROTOCOL: expected http/protobuf, got ${JSON.stringify(protocol)}; for another, bring your own MeterProvider and give it to otelSink`,
    );
  }
  return {
    disabled: text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true',
    exporter: exporterOf(text('OTEL_METRICS_EXPORTER')),
    intervalMs: number('OTEL_METRIC_EXPORT_INTERVAL'),
    timeoutMs:
      number('OTEL_METRIC_EXPORT_TIMEOUT') ??
      number('OTEL_EXPORTER_OTLP_METRICS_TIMEOUT') ??
      number('OTEL_EXPORTER_OTLP_TIMEOUT'),
    prometheusHost: text('OTEL_EXPORTER_PROMETHEUS_HOST'),
    prometheusPort: number('OTEL_EXPORTER_PROMETHEUS_PORT'),
    endpoint:
      text('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT') ??
      text('OTEL_EXPORTER_OTLP_ENDPOINT')?.replace(/\/?$/, '/v1/metrics'),
    compression: Boolean(text('OTEL_EXPORTER_OTLP_METRICS_COMPRESSION') ?? text('OTEL_EXPORTER_OTLP_COMPRESSION')),
  };
}

function exporterOf(name: string | undefined): Environment['exporter'] {
  if (name === undefined || name === 'prometheus' || name === 'otlp' || name === 'console' || name === 'none')
    return name;
  throw new TypeError(
    `OTEL_METRICS_EXPORTER: expected one of prometheus, otlp, console, none; got ${JSON.stringify(name)}`,
  );
}
