import type { Config } from '../../events/index.js';
import type { ResolvedArguments } from './training-arguments.js';

/** The arguments as an event says them: plain values under their own names. */
export function configOf(args: ResolvedArguments): Config {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): Config[string] {
  const isPlain = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  return isPlain ? (value as Config[string]) : JSON.stringify(value);
}
