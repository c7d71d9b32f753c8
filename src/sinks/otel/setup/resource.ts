import type { Attributes } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { importResources } from './optional-peers.js';

/**
 * Who sends: what the caller says wins over OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME, and those over the defaults.
 */
export async function describeProcess(defaults: Attributes, said: Attributes): Promise<Resource> {
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = await importResources();
  return defaultResource()
    .merge(resourceFromAttributes(defaults))
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes(said));
}
