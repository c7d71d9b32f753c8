import type { Optimizer } from '@tensorflow/tfjs-core';
import type { Config } from '../events/index.js';

/** The hyperparameters that an optimizer says of itself, by their own names. */
export function optimizerConfig(optimizer: Optimizer): Config {
  const { name, settings } = said(optimizer);
  const plain = Object.entries(settings).flatMap(([setting, value]) =>
    isPlain(value) ? [[`optimizer.${setting}`, value] as const] : [],
  );
  return { optimizer: name, ...Object.fromEntries(plain) };
}

/** One of a class of someone's own may not say. The name of the class itself is another one in a bundle. */
function said(optimizer: Optimizer): { readonly name: string; readonly settings: object } {
  try {
    return { name: optimizer.getClassName(), settings: optimizer.getConfig() };
  } catch {
    return { name: optimizer.constructor.name, settings: {} };
  }
}

function isPlain(value: unknown): value is Config[string] {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
