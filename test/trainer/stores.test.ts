import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storedPath } from '../../src/trainer/stores/stored-path.js';
import { filesOfTar, tarOf } from '../../src/trainer/stores/tar.js';
import {
  CheckpointError,
  type CheckpointStore,
  folderStore,
  memoryStore,
  packCheckpoint,
  unpackCheckpoint,
} from '../../src/trainer.js';
import { useBackend } from '../helpers/backend.js';
import { newFolder, tinyTrainer, valuesOf } from './tiny.js';

const stores: readonly (readonly [string, () => CheckpointStore, () => string])[] = [
  ['folderStore', folderStore, newFolder],
  ['memoryStore', memoryStore, () => 'out'],
];
const text = async (bytes: Promise<Uint8Array>) => new TextDecoder().decode(await bytes);

describe.each(stores)('%s()', (_, newStore, newHome) => {
  it('replaces a folder whole, writes over single files, and removes', async () => {
    const [store, home] = [newStore(), newHome()];
    const path = store.pathOf(home, 'checkpoint-1');
    const state = 'trainer_state.json';
    await store.replace(path, { [state]: '{}', old: 'old' });
    await store.replace(path, { [state]: '{}', a: 'größe', b: Uint8Array.of(1, 2) });
    expect([...(await store.list(path))].sort()).toEqual(['a', 'b', state]);
    expect([...(await store.list(home))]).toEqual(['checkpoint-1']);
    await store.write(path, { b: 'new' });
    expect([await text(store.read(path, 'a')), await text(store.read(path, 'b'))]).toEqual(['größe', 'new']);
    expect(store.isSame(path, `${home}/x/../checkpoint-1/`)).toBe(true);
    expect(store.isSame(path, home)).toBe(false);
    await store.remove(path);
    await store.remove(path);
    await expect(store.list(path)).rejects.toThrow();
    await expect(store.read(path, 'a')).rejects.toThrow();
  });

  it('has one training at a time in a folder', async () => {
    const [store, home] = [newStore(), newHome()];
    const release = await store.lock(home, 'first');
    await expect(store.lock(home, 'second')).rejects.toThrow('expected a folder that no other training writes to');
    await release();
    await (await store.lock(home, 'second'))();
  });

  it('resumes to the bit, keeps its limit and the best', async () => {
    await useBackend();
    const [store, outputDir] = [newStore(), newHome()];
    const args = { outputDir, saveStrategy: 'steps', saveSteps: 4, maxSteps: 12, saveTotalLimit: 2 } as const;
    const whole = tinyTrainer(args, { checkpointStore: store });
    await whole.trainer.train();
    expect([...(await store.list(outputDir))].sort()).toEqual(['checkpoint-12', 'checkpoint-8']);
    const resumed = tinyTrainer(args, { checkpointStore: store });
    await resumed.trainer.train({ resumeFromCheckpoint: store.pathOf(outputDir, 'checkpoint-8') });
    expect(valuesOf(resumed.model)).toEqual(valuesOf(whole.model));
    await resumed.trainer.saveModel(store.pathOf(outputDir, 'model'));
    const loaded = tinyTrainer(args, { checkpointStore: store });
    await loaded.trainer.loadModel(store.pathOf(outputDir, 'model'));
    expect(valuesOf(loaded.model)).toEqual(valuesOf(whole.model));
  });
});

it('the paths of a store are one, however they are written', () => {
  expect(['a/b', './a//b/', 'a/./c/../b', '/a/b'].map((path) => storedPath(path))).toEqual(Array(4).fill('a/b'));
});

describe('a packed checkpoint', () => {
  it('is the same in another store, also when tar has packed it', async () => {
    await useBackend();
    const outputDir = newFolder();
    const { trainer } = tinyTrainer({ outputDir, saveStrategy: 'steps', saveSteps: 2, maxSteps: 2 });
    await trainer.train();
    const path = join(outputDir, 'checkpoint-2');
    execFileSync('tar', ['cf', join(outputDir, 'by-tar.tar'), 'checkpoint-2'], { cwd: outputDir });
    const packed = await packCheckpoint(folderStore(), path);
    expect(packed.name).toBe('checkpoint-2.tar');
    for (const file of [packed, new Blob([readFileSync(join(outputDir, 'by-tar.tar'))])]) {
      const store = memoryStore();
      expect(await unpackCheckpoint(store, file, 'digits')).toBe('digits/checkpoint-2');
      expect(await store.list('digits/checkpoint-2')).toEqual(readdirSync(path).sort());
      for (const name of readdirSync(path)) {
        expect(Buffer.from(await store.read('digits/checkpoint-2', name)).equals(readFileSync(join(path, name)))).toBe(
          true,
        );
      }
    }
  });

  it('is refused where it is none, and nothing is written', async () => {
    const store = memoryStore();
    await expect(packCheckpoint(store, 'out/checkpoint-1')).rejects.toThrow(CheckpointError);
    const tar = (paths: readonly string[]) =>
      tarOf(
        paths.map((path) => ({ path, content: new Blob(['{}']) })),
        0,
      );
    const state = 'checkpoint-1/trainer_state.json';
    const wrong = [
      new Blob(['some text that is no archive '.repeat(40)]),
      new Blob([]),
      tar([state]).slice(0, 700),
      tar(['checkpoint-1/config.json']),
      tar([state, 'checkpoint-2/trainer_state.json']),
      tar([state, 'checkpoint-1/../../escape']),
    ];
    for (const file of wrong) {
      await expect(unpackCheckpoint(store, file, 'out')).rejects.toThrow('unpackCheckpoint(): expected');
    }
    await expect(store.list('out')).rejects.toThrow('there is no folder "out"');
  });

  it('is an archive that tar reads, with names of any script', async () => {
    const folder = mkdtempSync(join(newFolder(), 'tar-'));
    const files = [
      { path: 'a/größe.json', content: new Blob(['x'.repeat(513)]) },
      { path: 'a/empty', content: new Blob([]) },
    ];
    const archive = tarOf(files, 1_700_000_000_000);
    writeFileSync(join(folder, 'a.tar'), new Uint8Array(await archive.arrayBuffer()));
    execFileSync('tar', ['xf', 'a.tar'], { cwd: folder });
    expect(readdirSync(join(folder, 'a')).sort()).toEqual(['empty', 'größe.json']);
    expect((await filesOfTar(archive)).map(({ path, content }) => [path, content.size])).toEqual([
      ['a/größe.json', 513],
      ['a/empty', 0],
    ]);
  });
});
