/** What a metric is of: the training as it logs, an evaluation, a prediction. */
export type MetricPhase = 'train' | 'evaluate' | 'predict';

/** One name for one metric, whoever tells of it. */
export interface NamedMetric {
  readonly phase: MetricPhase;
  readonly name: string;
  readonly value: number;
}

/** How loops write what a metric is of before its name: `val_loss` of `model.fit`, `eval_loss` and `test_loss` of a Trainer. */
const PREFIXES: Readonly<Record<string, MetricPhase>> = { eval_: 'evaluate', val_: 'evaluate', test_: 'predict' };

const PHASES = { log: 'train', evaluate: 'evaluate', predict: 'predict' } as const;

/**
 * The metrics of an event by what they are of, without the prefixes that say so: `val_loss` in a `log` and `eval_loss` or
 * `loss` in an `evaluate` are the loss of an evaluation. A prefix stays where the name without it is there too.
 */
export function namedMetrics(
  type: keyof typeof PHASES,
  metrics: Readonly<Record<string, unknown>>,
): readonly NamedMetric[] {
  const named = new Map<string, NamedMetric>();
  const unprefixed: string[] = [];
  const put = (key: string, metric: NamedMetric) => named.has(key) || named.set(key, metric);
  // Whole names first: they keep theirs.
  for (const [name, value] of Object.entries(metrics)) {
    if (typeof value !== 'number') continue;
    if (prefixOf(name)) unprefixed.push(name);
    else put(`${PHASES[type]} ${name}`, { phase: PHASES[type], name, value });
  }
  for (const name of unprefixed) {
    const prefix = prefixOf(name)!;
    const phase = PREFIXES[prefix]!;
    const short = name.slice(prefix.length);
    const value = metrics[name] as number;
    const key = `${phase} ${short}`;
    put(named.has(key) ? `${phase} ${name}` : key, { phase, name: named.has(key) ? name : short, value });
  }
  return [...named.values()];
}

function prefixOf(name: string): string | undefined {
  return Object.keys(PREFIXES).find((prefix) => name.startsWith(prefix) && name.length > prefix.length);
}
