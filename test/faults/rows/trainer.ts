/** What may become of the folder that a Trainer saves its checkpoints in. */
import { strictEqual } from 'node:assert';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TrainingArguments } from 'trainscope/trainer';
import type { Fault, Scene, Setting } from '../fault.js';
import { asNobody, fill, IS_ROOT, mounted } from './machine.js';

const kind = 'Trainer folder';

/** A checkpoint at every second step. */
const saving = (folder: string, args: TrainingArguments = {}): Setting => ({
  args: { outputDir: join(folder, 'out', 'checkpoints'), saveStrategy: 'steps', saveSteps: 2, ...args },
});

const outputOf = ({ folder }: Scene) => join(folder, 'out', 'checkpoints');

interface FolderFault {
  readonly fault: string;
  readonly expected: string;
  readonly told?: RegExp;
  readonly needs?: string | undefined;
  readonly args?: TrainingArguments;
  before?(output: string, scene: Scene): unknown;
  /** After the fifth step. */
  during?(output: string, scene: Scene): unknown;
  readonly saved?: readonly number[];
  /** What else has to hold in the end. */
  check?(output: string): void;
}

const FAILED = /^checkpoint-failed: /;

/** Open files until no more can be. Gives how to close them. */
function starve(): () => void {
  const open: number[] = [];
  try {
    for (;;) open.push(openSync('/dev/null', 'r'));
  } catch {}
  return () => open.splice(0).forEach(closeSync);
}

const FAULTS: readonly FolderFault[] = [
  { fault: 'nothing: checkpoints are saved', expected: 'nothing is said', saved: [2, 4, 6, 8, 10, 12] },
  {
    fault: 'removed during the run',
    expected: 'nothing is said: it is made anew',
    during: (output) => rmSync(output, { recursive: true }),
    saved: [6, 8, 10, 12],
  },
  {
    fault: 'a file is put in its place during the run',
    expected: 'an alert; the training goes on',
    told: FAILED,
    during: (output) => {
      rmSync(output, { recursive: true });
      writeFileSync(output, '');
    },
  },
  {
    fault: "another's folder has the name of the next checkpoint",
    expected: 'an alert; what is in it stays, and the next one is written',
    during: (output) => {
      mkdirSync(join(output, 'checkpoint-6'));
      writeFileSync(join(output, 'checkpoint-6', 'diary.txt'), 'mine');
    },
    told: FAILED,
    saved: [2, 4, 6, 8, 10, 12],
    check: (output) => strictEqual(readdirSync(join(output, 'checkpoint-6')).join(), 'diary.txt'),
  },
  {
    fault: 'the disk fills up during the run',
    expected: 'an alert; the training goes on',
    told: FAILED,
    needs: IS_ROOT ? undefined : 'the right to mount',
    before: (output, scene) => mounted(scene, 'size=256k', dirname(output)),
    during: (output) => fill(dirname(output)),
  },
  {
    fault: 'the right to write is taken away during the run',
    expected: 'an alert; the training goes on',
    told: FAILED,
    during: (_output, scene) => asNobody(scene, 11),
  },
  {
    fault: 'no file can be opened for the time of a checkpoint',
    expected: 'it is tried again; an alert',
    told: FAILED,
    during: (_output, scene) => {
      const feed = starve();
      setTimeout(feed, 300);
      scene.afterwards(feed);
    },
    saved: [2, 4, 6, 8, 10, 12],
  },
  {
    fault: 'the best and oldest checkpoints are removed by somebody, with saveTotalLimit',
    expected: 'nothing is said',
    args: { saveTotalLimit: 2 },
    during: (output) => rmSync(join(output, 'checkpoint-2'), { recursive: true }),
    saved: [10, 12],
  },
];

export const TRAINER: readonly Fault[] = FAULTS.map(
  ({ fault, expected, told, needs, args, before, during, saved, check }): Fault => ({
    kind,
    fault,
    expected,
    needs,
    on: ['Trainer'],
    ...(told && { told }),
    ...(fault.startsWith('no file can be opened') && { apart: { openFiles: 256, stdout: 'never read' } }),
    setting: (folder) => saving(folder, args),
    async inject(scene) {
      const output = outputOf(scene);
      mkdirSync(dirname(output));
      await before?.(output, scene);
      if (during) scene.afterStep(5, () => during(output, scene));
    },
    check(scene) {
      const output = outputOf(scene);
      check?.(output);
      if (!saved) return;
      const found = existsSync(output) ? readdirSync(output) : [];
      const steps = found.map((name) => Number(name.replace('checkpoint-', ''))).sort((a, b) => a - b);
      strictEqual(steps.join(), saved.join());
    },
  }),
);
