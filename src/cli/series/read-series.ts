import { open } from 'node:fs/promises';
import { readCsvSeries } from './read-csv-series.js';
import { readRunSeries } from './read-run-series.js';
import type { StatisticSeries } from './series.js';

/**
 * One statistic of every parameter in a file: a recorded run, or a CSV file.
 *
 * @throws Error for a file that cannot be read, or has no updates, with the line where it is damaged.
 */
export async function readSeries(file: string, statistic?: string): Promise<StatisticSeries> {
  const read = (await isRecordedRun(file))
    ? await readRunSeries(file, statistic)
    : await readCsvSeries(file, statistic);
  if (read.series.length > 0) return read;
  throw new Error(`${file}: expected updates of parameters, got none; record parameterUpdates() too`);
}

/** By its first character: the lines of a recorded run are JSON objects. */
export async function isRecordedRun(file: string): Promise<boolean> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, 'r');
  } catch (cause) {
    throw new Error(`file: expected one that can be read, got ${JSON.stringify(file)} (${(cause as Error).message})`, {
      cause,
    });
  }
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, 0);
    return bytesRead === 1 && buffer.toString() === '{';
  } catch (cause) {
    throw new Error(`file: expected a file, got ${JSON.stringify(file)} (${(cause as Error).message})`, { cause });
  } finally {
    await handle.close();
  }
}
