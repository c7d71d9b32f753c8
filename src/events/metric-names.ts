/** What a metric is of: the training as it logs, an evaluation, a prediction. */
export type MetricPhase = 'train' | 'evaluate' | 'predict';

/** One name for one metric, whoever tells of it. */
export interface NamedMetric {
  readonly phase: MetricPhase;
  readonly name: string;
  readonly value: number;
}

/**
 * How loops write what a metric is of before its name: `val_loss` of `model.fit`, `eval_loss` and `test_loss` of a Trainer,
 * and the same with a slash.
 */
const PREFIXES: Readonly<Record<string, MetricPhase>> = {
  eval_: 'evaluate',
  val_: 'evaluate',
  test_: 'predict',
  'eval/': 'evaluate',
  'val/': 'evaluate',
  'test/': 'predict',
};

const PHASES = { log: 'train', evaluate: 'evaluate', predict: 'predict' } as const;

/**
 * The metrics of an event by what they are of, without the prefixes that say so: `val_loss` in a `log` and `eval_loss` or
 * `loss` in an `evaluate` are the loss of an evaluation. A prefix stays where the name without it is there too.
 */
export function namedMetrics(
  type: keyof typeof PHASES,
  metrics: Readonly<Record<string, unknown>>,
): readonly NamedMetric[] {
  const numbers = Object.entries(metrics).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  // Whole names keep theirs, whatever comes first.
  const taken = new Set(numbers.flatMap(([name]) => (prefixOf(name) ? [] : [`${PHASES[type]} ${name}`])));
  return numbers.map(([name, value]) => {
    const prefix = prefixOf(name);
    if (!prefix) return { phase: PHASES[type], name, value };
    const phase = PREFIXES[prefix]!;
    const short = name.slice(prefix.length);
    if (taken.has(`${phase} ${short}`)) return { phase, name, value };
    taken.add(`${phase} ${short}`);
    return { phase, name: short, value };
  });
}

const SECTIONS: Readonly<Record<MetricPhase, string>> = { train: 'log', evaluate: 'eval', predict: 'predict' };

/** A metric's name with what it is of: `eval/loss`. */
export function metricTag({ phase, name }: NamedMetric): string {
  return `${SECTIONS[phase]}/${name}`;
}

function prefixOf(name: string): string | undefined {
  return Object.keys(PREFIXES).find((prefix) => name.startsWith(prefix) && name.length > prefix.length);
}
