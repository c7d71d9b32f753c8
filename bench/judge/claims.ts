import type { AlertEvent } from 'trainscope';

/** What an alert can say is wrong: its `cause`, or, of a rule that names none, what its text says. */
export type Claim =
  | 'bad-batch'
  | 'batch-norm-statistics'
  | 'changed-between-updates'
  | 'class-never-predicted'
  | 'clipping-too-tight'
  | 'constant-labels'
  | 'dead-relu'
  | 'decay-too-strong'
  | 'epsilon-too-large'
  | 'exploding-updates'
  | 'finished'
  | 'frozen'
  | 'identical-units'
  | 'label-leak'
  | 'loss-constant'
  | 'loss-unbounded'
  | 'never-learned'
  | 'non-finite'
  | 'overfit'
  | 'plateau'
  | 'poor-initialization'
  | 'random-labels'
  | 'rate-too-high'
  | 'rate-too-low'
  | 'rate-zero'
  | 'saturated-activation'
  | 'slow-loader'
  | 'sorted-data'
  | 'tensor-leak'
  | 'unscaled-inputs'
  | 'unused-parameter'
  | 'vanishing-gradients';

/** What the text of a rule names, where its alerts have no `cause`. */
const NAMED_BY_TEXT: Readonly<Record<string, readonly Claim[]>> = {
  'all-zero': ['poor-initialization', 'unused-parameter'],
  'dead-relu': ['dead-relu'],
  'exploding-updates': ['rate-too-high'],
  'gradient-norm-jump': ['bad-batch', 'rate-too-high'],
  'loss-not-decreasing': ['plateau'],
  'loss-spike': ['bad-batch', 'rate-too-high'],
  'non-finite': ['non-finite'],
  'non-finite-loss': ['non-finite'],
  overfit: ['overfit'],
  overtraining: ['finished'],
  'poor-initialization': ['poor-initialization'],
  'saturated-activation': ['saturated-activation', 'unscaled-inputs'],
  'tensor-leak': ['tensor-leak'],
  'unchanged-parameter': ['unused-parameter', 'frozen'],
  'vanishing-gradients': ['vanishing-gradients', 'unused-parameter'],
};

/** What an alert says is wrong; what else it says it could be does not count. */
export function claimsOf({ rule, cause }: AlertEvent): readonly Claim[] {
  const claims = cause === undefined ? NAMED_BY_TEXT[rule] : [cause as Claim];
  if (!claims) throw new RangeError(`rule: expected one whose claims are known, got ${rule}`);
  return claims;
}
