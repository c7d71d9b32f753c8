import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILES } from '../../src/trainer/checkpoints/checkpoint.js';
import { checksumsOf } from '../../src/trainer/checkpoints/checksums.js';

/** Give a checkpoint's files of tensors the checksums of what is in them now, as one who lies would. */
export function signAnew(folder: string): void {
  const files = readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))]);
  writeFileSync(join(folder, FILES.checksums), JSON.stringify(checksumsOf(Object.fromEntries(files))));
}
