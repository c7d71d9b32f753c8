import { importPrometheus } from '#sinks/otel/setup/prometheus-road';
import type { MetricsExporter, OtlpProtocol } from './environment.js';

/** The SDK's packages: peers that only the set-up helper needs, so they are imported when it is called. */
export const importSdk = () => import('@opentelemetry/sdk-metrics');
export const importResources = (): Promise<typeof import('@opentelemetry/resources')> =>
  import('@opentelemetry/resources');
export const importOtlp = () => import('@opentelemetry/exporter-metrics-otlp-proto');
export const importOtlpJson = () => import('@opentelemetry/exporter-metrics-otlp-http');

type Packages = Readonly<Record<string, () => Promise<unknown>>>;

const SDK: Packages = { '@opentelemetry/sdk-metrics': importSdk, '@opentelemetry/resources': importResources };

function packagesFor(exporter: MetricsExporter, protocol: OtlpProtocol): Packages {
  switch (exporter) {
    case 'console':
      return SDK;
    case 'prometheus':
      return { ...SDK, '@opentelemetry/exporter-prometheus': importPrometheus };
    case 'otlp':
      return protocol === 'http/json'
        ? { ...SDK, '@opentelemetry/exporter-metrics-otlp-http': importOtlpJson }
        : { ...SDK, '@opentelemetry/exporter-metrics-otlp-proto': importOtlp };
  }
}

/**
 * See that the packages for these exporters are there.
 *
 * @throws Error that says all that is to be installed.
 */
export async function requirePeers(
  exporters: readonly MetricsExporter[],
  protocol: OtlpProtocol,
  who = 'startMetrics',
): Promise<void> {
  const packages: Packages = Object.assign({}, ...exporters.map((exporter) => packagesFor(exporter, protocol)));
  const names = Object.keys(packages);
  const loaded = await Promise.allSettled(Object.values(packages).map((load) => load()));
  const missing = names.filter((_, i) => loaded[i]?.status === 'rejected');
  if (missing.length === 0) return;
  const cause = loaded.find((each) => each.status === 'rejected')?.reason;
  throw new Error(`${who}: expected ${missing.join(', ')} to be installed; run: npm install ${missing.join(' ')}`, {
    cause,
  });
}
