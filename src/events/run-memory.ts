import { describeValue } from './check-option.js';

/** What rules and controls remember, as plain data: `JSON.stringify` keeps it. */
export type SavedMemory = Readonly<Record<string, unknown>>;

/** Keeps what the rules and controls that are given it remember, so that a resumed run goes on where it was. */
export interface RunMemory {
  /** What they remember now. */
  save(): SavedMemory;
  /** Have them go on from what was saved: those that follow the run already at once, others when they begin to. */
  restore(saved: SavedMemory): void;
  /** The names of those that go on from what was saved. */
  readonly resumed: ReadonlySet<string>;
  /**
   * A subscription begins: `save` gives what it remembers, and `restore` is called with what the one of that name had
   * saved, now or later.
   *
   * @internal
   */
  enter(name: string, save: () => unknown, restore: (saved: unknown) => void): void;
}

/**
 * The memory of rules and controls, empty or as it was saved. Give it to every rule and control of a run; each goes by
 * its own name, and the second subscription of one by `name/2`, so restore into the program that saved. A Trainer has
 * one, `trainer.memory`, and keeps it in its checkpoints.
 *
 * @throws TypeError when `saved` is no such record.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { lossSpike, reduceOnPlateau, runMemory } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const [x, y] = [tf.randomNormal([64, 4]), tf.randomNormal([64, 1])];
 * const memory = runMemory(JSON.parse(localStorage.getItem('memory') ?? '{}'));
 * const training = instrument(model);
 * training.report(training.events$.pipe(lossSpike({ memory })));
 * training.steer(training.events$.pipe(reduceOnPlateau({ memory })));
 * await model.fit(x, y);
 * localStorage.setItem('memory', JSON.stringify(memory.save()));
 * ```
 */
export function runMemory(saved: SavedMemory = {}): RunMemory {
  let known = checkSaved(saved);
  const entries = new Map<string, { readonly save: () => unknown; readonly restore: (saved: unknown) => void }>();
  const resumed = new Set<string>();
  const resume = (key: string) => {
    const state = known[key];
    if (state === undefined) return;
    resumed.add(key);
    entries.get(key)!.restore(structuredClone(state));
  };
  return {
    resumed,
    save: () =>
      structuredClone({ ...known, ...Object.fromEntries([...entries].map(([key, { save }]) => [key, save()])) }),
    restore(next) {
      known = checkSaved(next);
      resumed.clear();
      for (const key of entries.keys()) resume(key);
    },
    enter(name, save, restore) {
      let key = name;
      for (let nth = 2; entries.has(key); nth++) key = `${name}/${nth}`;
      entries.set(key, { save, restore });
      resume(key);
    },
  };
}

/** A state of plain data that changes in place, and that a memory keeps under this name, where there is one. */
export function remembered<S extends object>(memory: RunMemory | undefined, name: string, state: S): S {
  memory?.enter(
    name,
    () => state,
    (saved) => Object.assign(state, saved),
  );
  return state;
}

function checkSaved(saved: SavedMemory): SavedMemory {
  if (typeof saved === 'object' && saved !== null && !Array.isArray(saved)) return saved;
  throw new TypeError(`saved: expected what save() gave, got ${describeValue(saved)}`);
}
