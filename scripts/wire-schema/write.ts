/** Writes docs/wire.schema.json. */
import { writeFileSync } from 'node:fs';
import { wireSchema } from './schema.js';

writeFileSync(
  new URL('../../docs/wire.schema.json', import.meta.url),
  `${JSON.stringify(wireSchema(), undefined, 2)}\n`,
);
