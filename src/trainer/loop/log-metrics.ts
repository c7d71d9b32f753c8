import type { Metrics } from '../../events/index.js';
import type { Announcer } from './announcer.js';

/** Log metrics with the epoch and the tokens, where they are counted; keep them in the state, and give them. */
export async function logMetrics(announcer: Announcer, metrics: Metrics): Promise<Metrics> {
  const { args, state } = announcer.context();
  const counted = args.includeNumInputTokensSeen !== 'no' && { num_input_tokens_seen: state.numInputTokensSeen };
  const logs = { ...metrics, epoch: state.epoch, ...counted };
  state.logHistory.push({ ...logs, step: state.globalStep });
  await announcer.say('onLog', { type: 'log', metrics: logs }, { logs });
  return logs;
}
