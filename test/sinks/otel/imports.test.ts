import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../../src/sinks/otel/', import.meta.url));

it('loads nothing of OpenTelemetry: the SDK is imported when startMetrics is called', () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const loaded = files.flatMap((file) => {
    const text = readFileSync(FOLDER + file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    return [...text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+'(@opentelemetry\/[^']+)'/gm)].map(
      ([, name]) => name,
    );
  });
  expect(loaded).toEqual([]);
});
