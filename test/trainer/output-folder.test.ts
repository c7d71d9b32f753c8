import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filter, firstValueFrom, map } from 'rxjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { thisProcess } from '../../src/sinks/files/index.js';
import { LOCK } from '../../src/trainer/stores/folder-lock.js';
import type { TrainerCallback } from '../../src/trainer.js';
import { useBackend } from '../helpers/backend.js';
import { newFolder, tinyTrainer } from './tiny.js';

beforeAll(() => useBackend('cpu'));

describe('two Trainers in one outputDir', () => {
  const saving = (outputDir: string) => ({ outputDir, maxSteps: 4, saveStrategy: 'steps', saveSteps: 1 }) as const;

  it('do not end each other: the second is told, and the first has its checkpoints', async () => {
    const outputDir = newFolder();
    const first = tinyTrainer({ ...saving(outputDir), maxSteps: 40, saveSteps: 10 });
    const second = tinyTrainer({ ...saving(outputDir), maxSteps: 44, saveSteps: 4 });
    const hasBegun = firstValueFrom(first.trainer.events$);
    const running = first.trainer.train();
    await hasBegun;
    await expect(second.trainer.train()).rejects.toThrow(
      /^outputDir: expected a folder that no other training writes to, got .*, where ".*" writes, process \d+ on .*; give each Trainer an outputDir of its own/,
    );
    expect(second.events).toEqual([]);
    await running;
    expect(readdirSync(outputDir).sort()).toEqual([10, 20, 30, 40].map((step) => `checkpoint-${step}`));
    // One after the other is no harm.
    await second.trainer.train({ resumeFromCheckpoint: true });
    for (const { model } of [first, second]) model.dispose();
  });

  it('train both where only one saves, and a checkpoint that control asks for is refused', async () => {
    const outputDir = newFolder();
    const first = tinyTrainer({ ...saving(outputDir), maxSteps: 40 });
    const second = tinyTrainer({ outputDir, maxSteps: 2, saveStrategy: 'no' });
    const hasBegun = firstValueFrom(first.trainer.events$);
    const running = first.trainer.train();
    await hasBegun;
    const atFirst$ = second.trainer.events$.pipe(
      filter(({ type, step }) => type === 'step-end' && step === 1),
      map(() => ({ command: { kind: 'save' }, source: 'test', message: '' }) as const),
    );
    second.trainer.steer(atFirst$);
    await second.trainer.train();
    await running;
    expect(second.events.filter(({ type }) => type === 'control')).toMatchObject([
      { message: expect.stringContaining('expected a folder that no other training writes to') },
    ]);
    for (const { model } of [first, second]) model.dispose();
  });

  it.each([
    ['a process that has died', { pid: 2 ** 22 + 1 }],
    ['a process whose number this one has now', { pid: process.pid }],
    ['a process whose number another one has now', { pid: process.ppid, started: '1' }],
    ['a machine that was started anew since', { pid: process.ppid, boot: 'before' }],
    ['nobody', { pid: null }],
  ])('is what a lock of %s does not say', async (_name, holder) => {
    const outputDir = newFolder();
    writeFileSync(join(outputDir, LOCK), JSON.stringify({ ...thisProcess(), run: 'old', token: 'old', ...holder }));
    const { trainer, model } = tinyTrainer(saving(outputDir));
    await trainer.train();
    expect(existsSync(join(outputDir, LOCK))).toBe(false);
    model.dispose();
  });

  it.each([
    ['machine', { host: 'elsewhere' }],
    ['container', { pids: 'pid:[1]' }],
  ])('is what a lock of another %s says, for as long as it is touched', async (_name, where) => {
    const outputDir = newFolder();
    const far = { ...thisProcess(), pid: 1, run: 'far', token: 'far', ...where };
    writeFileSync(join(outputDir, LOCK), JSON.stringify(far));
    const { trainer, model } = tinyTrainer(saving(outputDir));
    await expect(trainer.train()).rejects.toThrow(`where "far" writes, process 1 on ${far.host}`);
    utimesSync(join(outputDir, LOCK), 0, 0);
    await trainer.train();
    expect(readdirSync(outputDir)).toHaveLength(4);
    model.dispose();
  });

  it('leaves no folder behind where nothing was saved', async () => {
    const outputDir = join(newFolder(), 'none');
    const callback: TrainerCallback = {
      onTrainBegin() {
        throw new Error('at once');
      },
    };
    const { trainer, model } = tinyTrainer(saving(outputDir), { callbacks: [callback] });
    await expect(trainer.train()).rejects.toThrow('at once');
    expect(existsSync(outputDir)).toBe(false);
    model.dispose();
  });
});
