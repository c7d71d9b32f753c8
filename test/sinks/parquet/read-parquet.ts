import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';

/** The Parquet files of a folder, by their names. */
export function partsOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.parquet'))
    .sort();
}

/** The rows of a Parquet file, by another program than the one that wrote it. */
export async function rowsOf(path: string): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: await asyncBufferFromFile(path) });
}

/** The rows of all Parquet files of a folder, in the order of the files. */
export async function rowsOfFolder(folder: string): Promise<Record<string, unknown>[]> {
  const rows = [];
  for (const name of partsOf(folder)) rows.push(...(await rowsOf(join(folder, name))));
  return rows;
}

/** Name, type and whether it may be null, of each column; and the rows of each row group. */
export async function formOf(path: string): Promise<{ columns: string[]; rowGroups: number[] }> {
  const { schema, row_groups } = await parquetMetadataAsync(await asyncBufferFromFile(path));
  return {
    columns: schema
      .slice(1)
      .map(({ name, type, converted_type, repetition_type }) =>
        [name, type, converted_type, repetition_type].filter((each) => each !== undefined).join(' '),
      ),
    rowGroups: row_groups.map(({ num_rows }) => Number(num_rows)),
  };
}
