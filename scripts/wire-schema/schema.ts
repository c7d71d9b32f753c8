import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';

const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/** The JSON Schema of a line of the wire, made of its types. */
export function wireSchema(): object {
  const generator = createGenerator({
    path: path('src/events/wire.ts'),
    tsconfig: path('tsconfig.json'),
    type: 'WireRecord',
    skipTypeCheck: true,
    // A client that is newer may say more.
    additionalProperties: true,
    topRef: false,
    expose: 'none',
    discriminatorType: 'json-schema',
  });
  return { ...generator.createSchema('WireRecord'), title: 'A line of the wire of trainscope' };
}
