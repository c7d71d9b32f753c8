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
  const schema = orNull(generator.createSchema('WireRecord')) as object;
  return { ...schema, title: 'A line of the wire of trainscope' };
}

/** A number that JSON lacks is null, and `$` says which it is. */
function orNull(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(orNull);
  if (typeof schema !== 'object' || schema === null) return schema;
  const fields = Object.entries(schema).map(([key, value]) => [key, orNull(value)]);
  const { type, ...rest } = Object.fromEntries(fields) as Record<string, unknown>;
  if (type === 'number' && !('const' in rest)) return { type: ['number', 'null'], ...rest };
  return type === undefined ? rest : { type, ...rest };
}
