import { stat } from 'node:fs/promises';
import { decodeRecord } from '../events/serial/index.js';
import { readLines } from './line-reader.js';
import { unpack } from './unpack.js';
import { type ReadFileOptions, readContents } from './watched-file.js';

/** The files of a run, one a rank: `RUN.jsonl`, `RUN.rank1.jsonl`, … Some of them may not be there. */
export interface RankFiles {
  /** By rank. */
  readonly files: readonly string[];
  /** What all ranks of the launch say. */
  readonly launch: string | undefined;
}

/** Which of how many processes wrote a file. */
export interface Writer {
  readonly rank: number;
  readonly world: number;
  readonly launch: string | undefined;
}

const ENDING = /\.jsonl(?:\.gz)?$/;
const MOST_RANKS = 65_536;

/**
 * The files of all ranks of the run that a file is of, where it is that of rank 0 of several. With `follow` it is waited for
 * its first line.
 *
 * @throws Error for a file that cannot be read.
 */
export async function rankFilesOf(file: string, reading: ReadFileOptions): Promise<RankFiles | undefined> {
  if (!ENDING.test(file) || !(await isRegular(file))) return undefined;
  const { rank, world, launch } = (await writerOf(file, reading)) ?? ALONE;
  if (rank !== 0 || world === 1) return undefined;
  const others = Array.from({ length: world - 1 }, (_, i) =>
    file.replace(ENDING, (ending) => `.rank${i + 1}${ending}`),
  );
  return { files: [file, ...others], launch };
}

/** Whether a file is that of a rank of these. With `follow` it is waited for its first line. */
export async function isOfRank(
  file: string,
  rank: number,
  { files, launch }: RankFiles,
  reading: ReadFileOptions,
): Promise<boolean> {
  const writer = await writerOf(file, reading);
  return rank === 0 || areOfOneRun({ rank: 0, world: files.length, launch }, writer, rank);
}

/** Those beside it that the run of a file is read of, too: of its other ranks, as many as are there. */
export async function otherRanksOf(file: string): Promise<readonly string[]> {
  const reading = { follow: false, signal: new AbortController().signal, pollMs: 0 };
  const ranks = await rankFilesOf(file, reading);
  const found: string[] = [];
  for (const [rank, other] of ranks?.files.entries() ?? []) {
    if (rank > 0 && (await isRegular(other)) && (await isOfRank(other, rank, ranks!, reading))) found.push(other);
  }
  return found;
}

/** The file of rank 0 beside that of another rank, by its name: `RUN.jsonl` of `RUN.rank1.jsonl`. */
export function firstRankOf(file: string): { readonly file: string; readonly rank: number } | undefined {
  const [, stem, rank, ending] = /^(.*)\.rank(\d+)(\.jsonl(?:\.gz)?)$/s.exec(file) ?? [];
  return stem === undefined ? undefined : { file: `${stem}${ending}`, rank: Number(rank) };
}

/** Whether two files are of one run, the first that of rank 0. */
export function areOfOneRun(first: Writer | undefined, other: Writer | undefined, rank: number): boolean {
  return (
    first?.rank === 0 &&
    other?.rank === rank &&
    rank > 0 &&
    first.world === other.world &&
    first.launch === other.launch
  );
}

const ALONE: Writer = { rank: 0, world: 1, launch: undefined };

/** What comes by a pipe can be read once only. */
async function isRegular(file: string): Promise<boolean> {
  return await stat(file).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

async function writerOf(file: string, reading: ReadFileOptions): Promise<Writer | undefined> {
  const first = await firstLineOf(file, reading);
  try {
    return writerIn(decodeRecord(first ?? ''));
  } catch {
    return undefined;
  }
}

/** Who wrote a file, by its first record. Undefined where that does not say it. */
export function writerIn({ type, rank, world, launch }: Readonly<Record<string, unknown>>): Writer | undefined {
  if (type !== 'session' || !isBelow(world, MOST_RANKS + 1) || !isBelow(rank, world)) return undefined;
  return { rank, world, launch: typeof launch === 'string' ? launch : undefined };
}

async function firstLineOf(file: string, reading: ReadFileOptions): Promise<string | undefined> {
  for await (const content of readContents(file, reading)) {
    for await (const { lines } of readLines(unpack(file, content))) {
      const first = lines.find((line) => line.trim() !== '');
      if (first !== undefined) return first;
    }
  }
  return undefined;
}

function isBelow(value: unknown, end: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < end;
}
