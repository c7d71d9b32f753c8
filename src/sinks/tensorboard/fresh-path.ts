import { existsSync } from 'node:fs';
import { join } from 'node:path';

let files = 0;

/** The path of a file that no one has, by a name that begins so: two threads of one process count alike. */
export function freshPath(folder: string, begin: string): string {
  for (;;) {
    const path = join(folder, `${begin}.${String(files++).padStart(6, '0')}`);
    if (!existsSync(path)) return path;
  }
}
