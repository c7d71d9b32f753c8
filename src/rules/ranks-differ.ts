import type { OperatorFunction } from 'rxjs';
import { type AlertEvent, checkOptions, shortNumber, type TrainingEvent } from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleFinding, type RuleOptions } from './create-rule.js';

/**
 * Processes that should train one and the same model have different values of a parameter: gradients that are not
 * averaged, a rank that began from other weights, a parameter that one of them leaves out, or a fault of the machine.
 *
 * It judges by the `ranks` events of a run of several processes. No peer has it.
 *
 * @example
 * ```ts
 * import { ranksDiffer } from 'trainscope';
 * import { ingest } from 'trainscope/node';
 *
 * const server = await ingest();
 * server.runs$.subscribe((run) => run.report(run.events$.pipe(ranksDiffer())));
 * ```
 */
export function ranksDiffer(given: RuleOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  return createRule<TrainingEvent, object>(
    {
      name: 'ranks-differ',
      severity: 'error',
      start: () => ({}),
      judge(event) {
        if (event.type !== 'ranks') return undefined;
        const worst = new Map<string, RuleFinding & { readonly value: number }>();
        for (const { parameter, ranks, relative } of event.differences) {
          if ((worst.get(parameter)?.value ?? -1) >= relative) continue;
          worst.set(parameter, {
            parameter,
            value: relative,
            threshold: 0,
            what: `ranks ${ranks.join(' and ')} should have the same, and their norms are ${shortNumber(relative)} apart`,
            advice:
              'See that all ranks begin from the same weights and average every gradient: a model outside of DDP, no_sync() at the last micro-batch, and a step that one rank skips make them differ.',
          });
        }
        return [...worst.values()];
      },
    },
    checkOptions('ranksDiffer', given, RULE_OPTIONS),
  );
}
