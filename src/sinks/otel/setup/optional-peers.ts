/**
 * The SDK's packages: peers that only the set-up helper needs, so they are imported when it is called.
 *
 * @throws Error that says what to install.
 */
export const importSdk = () => peer('@opentelemetry/sdk-metrics', import('@opentelemetry/sdk-metrics'));
export const importResources = (): Promise<typeof import('@opentelemetry/resources')> =>
  peer('@opentelemetry/resources', import('@opentelemetry/resources'));
export const importPrometheus = () =>
  peer('@opentelemetry/exporter-prometheus', import('@opentelemetry/exporter-prometheus'));
export const importOtlp = () =>
  peer('@opentelemetry/exporter-metrics-otlp-proto', import('@opentelemetry/exporter-metrics-otlp-proto'));

async function peer<T>(name: string, importing: Promise<T>): Promise<T> {
  try {
    return await importing;
  } catch (cause) {
    throw new Error(`startMetrics: expected ${name} to be installed; run: npm install ${name}`, { cause });
  }
}
