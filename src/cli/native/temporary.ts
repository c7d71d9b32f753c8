import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A directory in another, on its disk, that is gone afterwards: also when the user interrupts. */
export async function withTemporary<T>(parent: string, work: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = mkdtempSync(join(parent, '.native-'));
  const remove = () => rmSync(temporary, { recursive: true, force: true });
  const interrupted = () => process.exit(130);
  process.once('exit', remove);
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    return await work(temporary);
  } finally {
    remove();
    process.off('exit', remove);
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  }
}
