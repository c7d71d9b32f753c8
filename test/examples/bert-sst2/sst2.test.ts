import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSst2, readSst2File } from '../../../examples/bert-sst2/sst2.js';
import { loopbackHub } from './loopback-hub.js';

const TRAIN = [
  { sentence: 'hide new secretions from the parental units', label: 0 },
  { sentence: 'that loves its characters and communicates something "rather beautiful', label: 1 },
];
const VALIDATION = [{ sentence: "it 's a charming and often affecting journey .", label: 1 }];

/** As GLUE's: a header, no quoting, a space at the end of a sentence. */
function tsv(rows: typeof TRAIN, end = '\n'): string {
  return `sentence\tlabel${end}${rows.map(({ sentence, label }) => `${sentence} \t${label}${end}`).join('')}`;
}

/** As the hub's: int64 labels, int32 indices, snappy. */
function parquet(rows: typeof TRAIN, labels = rows.map(({ label }) => BigInt(label))): Uint8Array {
  return new Uint8Array(
    parquetWriteBuffer({
      codec: 'SNAPPY',
      columnData: [
        { name: 'sentence', data: rows.map(({ sentence }) => `${sentence} `), type: 'STRING' },
        { name: 'label', data: labels, type: 'INT64' },
        { name: 'idx', data: rows.map((_, i) => i), type: 'INT32' },
      ],
    }),
  );
}

describe('SST-2', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sst2-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each(['\n', '\r\n'])('is read from TSV with lines that end in %j', async (end) => {
    await writeFile(join(folder, 'train.tsv'), tsv(TRAIN, end));
    await writeFile(join(folder, 'dev.tsv'), tsv(VALIDATION, end));
    expect(await loadSst2(folder)).toEqual({ train: TRAIN, validation: VALIDATION });
  });

  it.each(['', 'sst2', 'data', 'SST-2'])('is read from Parquet in %j, in parts', async (inner) => {
    await mkdir(join(folder, inner), { recursive: true });
    const part = (name: string) => join(folder, inner, name);
    await writeFile(part('train-00000-of-00002.parquet'), parquet(TRAIN.slice(0, 1)));
    await writeFile(part('train-00001-of-00002.parquet'), parquet(TRAIN.slice(1)));
    await writeFile(part('validation-00000-of-00001.parquet'), parquet(VALIDATION));
    expect(await loadSst2(folder)).toEqual({ train: TRAIN, validation: VALIDATION });
  });

  it('comes from the hub by name', async () => {
    const hub = await loopbackHub(
      'datasets/nyu-mll/glue',
      new Map([
        ['sst2/train-00000-of-00001.parquet', parquet(TRAIN)],
        ['sst2/validation-00000-of-00001.parquet', parquet(VALIDATION)],
        ['cola/train-00000-of-00001.parquet', new Uint8Array(1)],
      ]),
    );
    const options = { hubUrl: hub.url, cacheDir: join(folder, 'cache') };
    expect(await loadSst2('nyu-mll/glue', options)).toEqual({ train: TRAIN, validation: VALIDATION });
    expect(hub.downloads).toHaveLength(2);
    await hub.close();
    await expect(loadSst2('nyu-mll/glue', options)).rejects.toThrow(
      /datasets\/nyu-mll\/glue: expected a folder on disk/,
    );
  });

  it('says what is wrong with a folder or file', async () => {
    await expect(loadSst2(folder)).rejects.toThrow('folder: expected one of train.tsv, train-*.parquet in');
    const file = async (name: string, content: string | Uint8Array) => {
      await writeFile(join(folder, name), content);
      return readSst2File(join(folder, name));
    };
    await expect(file('a.tsv', 'index\tsentence\n0\tgood\n')).rejects.toThrow(
      'expected the columns sentence and label',
    );
    await expect(file('a.tsv', 'sentence\tlabel\ngood\t1\nbad\n')).rejects.toThrow(
      'a.tsv:3: expected a sentence and a label of 0 or 1; got bad, undefined',
    );
    await expect(file('a.parquet', 'no parquet')).rejects.toThrow('expected Parquet with the columns');
    await expect(file('a.parquet', parquet(VALIDATION, [-1n]))).rejects.toThrow(
      'row 0: expected a sentence and a label',
    );
  });
});
