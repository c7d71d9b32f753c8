import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLERS, ENTRIES, newProject, type Project } from './bundlers.js';

let project: Project;
beforeAll(async () => {
  project = await newProject();
});
afterAll(() => project?.remove());

const textsOf = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');

it('knows the entry points', () => {
  expect(ENTRIES).toEqual(expect.arrayContaining(['trainscope', 'trainscope/otel', 'trainscope/trainer']));
});

describe.each(Object.keys(BUNDLERS))('%s', (name) => {
  it('takes every entry point without an error or a warning, and leaves nothing of Node in it', async () => {
    const named = ENTRIES.map((entry) => [entry.replaceAll('/', '-'), entry] as const);
    const sources = named.map(([id, entry]) => [id, project.write(`${id}.js`, `export * from '${entry}';\n`)] as const);
    const { complaints, folder } = await BUNDLERS[name]!(project, `out/${name}`, {
      entries: Object.fromEntries(sources),
    });
    expect(complaints).toEqual([]);
    for (const [id] of named) expect(readFileSync(join(folder, `${id}.js`), 'utf8').length, id).toBeGreaterThan(100);
    expect(textsOf(folder)).not.toMatch(/["'`]node:/);
  });

  it('leaves out what is not used: the core three are under 20 kB', async () => {
    const three = "export { consoleSink, observe, parameterUpdates } from 'trainscope';\n";
    const entries = { three: project.write('three.js', three) };
    const { complaints, folder } = await BUNDLERS[name]!(project, `out/${name}-three`, { entries, external: ['rxjs'] });
    expect(complaints).toEqual([]);
    const kilobytes = gzipSync(textsOf(folder)).length / 1000;
    console.log(
      `${name}: observe, parameterUpdates and consoleSink are ${kilobytes.toFixed(1)} kB, gzipped, rxjs apart`,
    );
    expect(kilobytes).toBeGreaterThan(10);
    expect(kilobytes).toBeLessThan(20);
  });
});
