import type { MetricsExporter } from './settings.js';

/** The SDK's packages: peers that only the set-up helper needs, so they are imported when it is called. */
export const importSdk = () => import('@opentelemetry/sdk-metrics');
export const importResources = (): Promise<typeof import('@opentelemetry/resources')> =>
  import('@opentelemetry/resources');
export const importPrometheus = () => import('@opentelemetry/exporter-prometheus');
export const importOtlp = () => import('@opentelemetry/exporter-metrics-otlp-proto');

type Packages = Readonly<Record<string, () => Promise<unknown>>>;

const SDK: Packages = { '@opentelemetry/sdk-metrics': importSdk, '@opentelemetry/resources': importResources };

const NEEDED: Readonly<Record<MetricsExporter, Packages>> = {
  console: SDK,
  prometheus: { ...SDK, '@opentelemetry/exporter-prometheus': importPrometheus },
  otlp: { ...SDK, '@opentelemetry/exporter-metrics-otlp-proto': importOtlp },
};

/**
 * See that the packages for an exporter are there.
 *
 * @throws Error that says all that is to be installed.
 */
export async function requirePeers(exporter: MetricsExporter): Promise<void> {
  const names = Object.keys(NEEDED[exporter]);
  const loaded = await Promise.allSettled(Object.values(NEEDED[exporter]).map((load) => load()));
  const missing = names.filter((_, i) => loaded[i]?.status === 'rejected');
  if (missing.length === 0) return;
  const cause = loaded.find((each) => each.status === 'rejected')?.reason;
  throw new Error(
    `startMetrics: expected ${missing.join(', ')} to be installed; run: npm install ${missing.join(' ')}`,
    { cause },
  );
}
