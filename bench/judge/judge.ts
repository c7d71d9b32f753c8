import { from } from 'rxjs';
import { type AlertEvent, defaultRules } from 'trainscope';
import { claimsOf } from './claims.js';
import { isWell, type Kind } from './kind.js';
import { recorded, SEEDS } from './record.js';

/**
 * What an alert is worth. Of an ill training it is right where it names the cause, symptom where what it says is true but
 * not the cause, misleading where neither. Of one that is well it is fair where what it says is true, else false.
 */
export type Worth = 'right' | 'symptom' | 'misleading' | 'fair' | 'false';

export interface JudgedAlert {
  readonly alert: AlertEvent;
  readonly worth: Worth;
}

/** A recorded training, and what the rules say of it. */
export interface Judgement {
  readonly kind: Kind;
  readonly seed: number;
  readonly alerts: readonly JudgedAlert[];
}

/** Have the rules judge every recording of these kinds. Only beginnings of alerts count. */
export async function judge(kinds: readonly Kind[]): Promise<Judgement[]> {
  const judgements: Judgement[] = [];
  for (const kind of kinds) {
    for (const seed of SEEDS) {
      const records = await recorded(kind, seed);
      const alerts: JudgedAlert[] = [];
      from(records)
        .pipe(defaultRules())
        .subscribe((alert) => {
          if (alert.phase === 'begin') alerts.push({ alert, worth: worthOf(alert, kind) });
        });
      judgements.push({ kind, seed, alerts });
    }
  }
  return judgements;
}

function worthOf(alert: AlertEvent, kind: Kind): Worth {
  const isIn = (claims: readonly string[]) => claimsOf(alert).some((claim) => claims.includes(claim));
  if (isWell(kind)) return isIn(kind.alsoTrue) ? 'fair' : 'false';
  if (isIn(kind.causes)) return 'right';
  return isIn(kind.alsoTrue) ? 'symptom' : 'misleading';
}
