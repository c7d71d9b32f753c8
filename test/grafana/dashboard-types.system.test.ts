import { fileURLToPath } from 'node:url';
import { Ajv, type AnySchemaObject } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';
import { expect, it } from 'vitest';
import { readPage } from './expressions.js';
import type { AnyPanel } from './page.js';

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const page = readPage();
const panels = page.panels.filter((panel): panel is AnyPanel => panel.type !== 'row');

it("docs/grafana/trainscope.json has the shape of Grafana's own types, panels with their options included", () => {
  const schema = createGenerator({
    path: path('page.ts'),
    tsconfig: path('../../tsconfig.json'),
    type: 'Page',
    skipTypeCheck: true,
    functions: 'hide',
    expose: 'none',
    additionalProperties: false,
  }).createSchema('Page');
  const validate = new Ajv({ strict: false, allowUnionTypes: true }).compile(schema as AnySchemaObject);
  validate(page);
  expect(validate.errors).toBeNull();
  const spoilt = structuredClone(panels.find(({ type }) => type === 'heatmap')!);
  Object.assign(spoilt.options, { showValue: 'sometimes' });
  expect(validate({ ...page, panels: [spoilt] })).toBe(false);
});
