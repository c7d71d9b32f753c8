import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { type HubOptions, hubFolder, hubOptions, isOnDisk } from '../text/hub.js';
import type { LabelledSentence } from '../text/sentences.js';

export interface Sst2 {
  readonly train: readonly LabelledSentence[];
  readonly validation: readonly LabelledSentence[];
}

/** As a split's files start: GLUE's own TSV says dev, the hub's Parquet validation. */
const SPLITS = { train: ['train'], validation: ['validation', 'dev'] } as const;
/** Where they are, inside a download of GLUE or of one of the hub's repositories. */
const FOLDERS = ['', 'sst2', 'SST-2', 'data'];
const HUB_FILES = ['train', 'validation'].flatMap((split) =>
  ['sst2', 'data'].map((folder) => `${folder}/${split}-00000-of-00001.parquet`),
);

/**
 * GLUE's SST-2: sentences of film reviews, 1 for a good one. From a folder with train.tsv and dev.tsv, or with the
 * hub's Parquet files; or by name: `nyu-mll/glue`, `stanfordnlp/sst2`.
 *
 * @throws Error that names the folder or the file, for one that is missing or of another format.
 */
export async function loadSst2(source = 'nyu-mll/glue', options: HubOptions = {}): Promise<Sst2> {
  const folder = (await isOnDisk(source))
    ? source
    : await hubFolder(`datasets/${source}`, HUB_FILES, hubOptions(options));
  return { train: await loadSplit(folder, 'train'), validation: await loadSplit(folder, 'validation') };
}

/**
 * The labelled sentences of one file.
 *
 * @throws Error that names the file and the line or row, for one that is not of this format.
 */
export async function readSst2File(file: string): Promise<LabelledSentence[]> {
  return file.endsWith('.parquet') ? readParquet(file) : parseTsv(await readFile(file, 'utf8'), file);
}

async function loadSplit(folder: string, split: keyof typeof SPLITS): Promise<LabelledSentence[]> {
  for (const inner of FOLDERS) {
    const files = await filesOf(join(folder, inner), SPLITS[split]);
    if (files.length > 0) return (await Promise.all(files.map(readSst2File))).flat();
  }
  const expected = SPLITS[split].map((name) => `${name}.tsv, ${name}-*.parquet`).join(', ');
  throw new Error(`folder: expected one of ${expected} in ${folder} or its ${FOLDERS.slice(1).join(', ')}; got none`);
}

/** The split's files, in order: one TSV, or one or more Parquet files. */
async function filesOf(folder: string, names: readonly string[]): Promise<string[]> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const entries = isFolder ? (await readdir(folder)).sort() : [];
  const tsv = entries.filter((entry) => names.some((name) => entry === `${name}.tsv`));
  const parquet = entries.filter((entry) => names.some((name) => new RegExp(`^${name}\\b.*\\.parquet$`).test(entry)));
  return (tsv.length > 0 ? tsv : parquet).map((entry) => join(folder, entry));
}

/** GLUE's TSV knows no quotes: a line is a row, and a tab ends a field. */
function parseTsv(text: string, file: string): LabelledSentence[] {
  const [header = '', ...lines] = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const columns = header.split('\t');
  const sentenceAt = columns.indexOf('sentence');
  const labelAt = columns.indexOf('label');
  if (sentenceAt < 0 || labelAt < 0) throw new Error(`${file}: expected the columns sentence and label; got ${header}`);
  return lines.flatMap((line, i) => {
    if (line === '') return [];
    const fields = line.split('\t');
    return [labelled(fields[sentenceAt], fields[labelAt], `${file}:${i + 2}`)];
  });
}

async function readParquet(file: string): Promise<LabelledSentence[]> {
  const rows = await parquetReadObjects({
    file: await asyncBufferFromFile(file),
    columns: ['sentence', 'label'],
    compressors,
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${file}: expected Parquet with the columns sentence and label; got ${reason}`, { cause: error });
  });
  return rows.map((row, i) => labelled(row.sentence, row.label, `${file}: row ${i}`));
}

/** The hub's test split has the label -1: there is nothing to learn from it. */
function labelled(sentence: unknown, label: unknown, where: string): LabelledSentence {
  const known = String(label) === '0' || String(label) === '1';
  if (typeof sentence !== 'string' || !known) {
    throw new Error(`${where}: expected a sentence and a label of 0 or 1; got ${sentence}, ${label}`);
  }
  return { sentence: sentence.trim(), label: Number(label) };
}
