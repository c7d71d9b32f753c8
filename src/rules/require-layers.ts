import type { Activations, LayerActivations } from '../events/index.js';
import { describeRecord } from '../parameters/index.js';

/**
 * The layers of activations, for whoever cannot do without: `user` says who, such as `deadRelu()`.
 *
 * @throws TypeError that says what to put before, for anything else.
 */
export function requireLayers(value: Activations, user: string): readonly LayerActivations[] {
  if ((value as { readonly type?: unknown } | null | undefined)?.type === 'activations') return value.layers;
  throw new TypeError(
    `stream$: expected activations for ${user}, got ${describeRecord(value)}; give it events$.pipe(activations(model))`,
  );
}
