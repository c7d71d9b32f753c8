/** Write the table of rooms into docs/architecture.md, from the table that the tests hold src/ to. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { roomsTable } from '../test/architecture/rooms.js';

const PAGE = fileURLToPath(new URL('../docs/architecture.md', import.meta.url));

/** The page with its table as it is now. */
export function withRooms(page: string): string {
  return page.replace(/(<!-- rooms -->)[\s\S]*?(<!-- \/rooms -->)/, `$1\n\n${roomsTable()}\n\n$2`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, withRooms(readFileSync(PAGE, 'utf8')));
