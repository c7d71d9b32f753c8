import { stat } from 'node:fs/promises';
import { decodeRecord } from '../events/index.js';
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

/** Which process wrote a file. */
interface Writer {
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
  return writer?.rank === rank && writer.world === files.length && writer.launch === launch;
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
    const { type, rank, world, launch } = decodeRecord(first ?? '');
    const isWriter = type === 'session' && isBelow(rank, MOST_RANKS) && isBelow(world, MOST_RANKS + 1) && rank < world;
    return isWriter ? { rank, world, launch: typeof launch === 'string' ? launch : undefined } : undefined;
  } catch {
    return undefined;
  }
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
