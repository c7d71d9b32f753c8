import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { withRooms } from '../../scripts/architecture.js';
import { ROOMS } from './rooms.js';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));
const MANIFEST = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
  /** By `import()`: loaded when it is asked for. */
  readonly dynamic: boolean;
}

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.includes('assembly'),
  );
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const statements = text.matchAll(
    /(?:import|export)\s+(type\s+)?[^;'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\(\s*'([^']+)'\s*\)/gm,
  );
  return [...statements].map(([, typeOnly, from, effect, dynamic]) => ({
    from: file,
    specifier: from ?? effect ?? dynamic ?? '',
    typeOnly: Boolean(typeOnly),
    dynamic: dynamic !== undefined,
  }));
}

/** Whatever imports itself by way of others: each circle as the way around. */
function circlesIn(imported: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]) => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' → '));
    if (way.includes(file) || done.has(file)) return;
    for (const next of imported.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of imported.keys()) visit(file, []);
  return circles;
}

const roomOf = (file: string): string | undefined => (file.includes('/') ? file.split('/')[0] : undefined);
const imports = sourceFiles().flatMap(importsOf);

/** `#` is before what has a twin for browsers: see `imports` in package.json. */
const isOurs = ({ specifier }: Import): boolean => /^[.#]/.test(specifier);

function fileOf({ from, specifier }: Import, platform: Platform = 'node'): string {
  if (specifier.startsWith('#')) return `${specifier.slice(1)}${platform === 'browser' ? '.browser' : ''}.ts`;
  return relative(SRC, join(SRC, from, '..', specifier)).replace(/\.js$/, '.ts');
}

type Platform = 'node' | 'browser';

/** What is loaded with `entry`: every import that a chain from it makes, but those of types. */
function loadedBy(entry: string, follow: (each: Import) => boolean, platform: Platform = 'node'): Import[] {
  const files = new Set([entry]);
  const loaded: Import[] = [];
  for (const file of files) {
    for (const each of importsOf(file)) {
      if (each.typeOnly || !follow(each)) continue;
      loaded.push(each);
      if (isOurs(each)) files.add(fileOf(each, platform));
    }
  }
  return loaded;
}

/** The sources of every entry point but `/node`, as a bundler for browsers takes them. */
function browserEntries(): string[] {
  const targets = Object.entries<Record<string, string> | string>(MANIFEST.exports);
  return targets.flatMap(([path, target]) => {
    if (typeof target === 'string' || path === './node' || path === './otel') return [];
    return [(target.browser ?? target.default!).replace('./dist/', '').replace(/\.js$/, '.ts')];
  });
}

const packageOf = (specifier: string): string => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;

const atOnce = ({ dynamic }: Import) => !dynamic;

describe('rooms', () => {
  it('has only the rooms of the design', () => {
    const rooms = new Set(
      sourceFiles()
        .map(roomOf)
        .filter((room) => room !== undefined),
    );
    expect([...rooms].filter((room) => !(room in ROOMS))).toEqual([]);
  });

  it('imports only the rooms that a room may import', () => {
    const broken = imports.filter((each) => {
      const room = roomOf(each.from);
      if (!room || !isOurs(each)) return false;
      const target = roomOf(fileOf(each));
      if (!target || target === room) return target === undefined;
      const allowed = ROOMS[room]?.mayImport ?? [];
      return !allowed.includes(target) && !(each.typeOnly && allowed.includes(`types:${target}`));
    });
    expect(broken).toEqual([]);
  });

  it('enters a room by its index.ts', () => {
    const besideTheDoor = imports.filter((each) => {
      const room = roomOf(each.from);
      if (!room || !isOurs(each)) return false;
      return roomOf(fileOf(each)) !== room && !fileOf(each).endsWith('/index.ts');
    });
    expect(besideTheDoor).toEqual([]);
  });

  it.each(browserEntries())('keeps node: out of everything that a browser loads of %s', (entry) => {
    const node = loadedBy(entry, atOnce, 'browser').filter(({ specifier }) => specifier.startsWith('node:'));
    expect(node).toEqual([]);
  });

  it('has a file for Node and one for browsers where an import begins with #', () => {
    const twins = imports.filter(({ specifier }) => specifier.startsWith('#'));
    expect(twins.length).toBeGreaterThan(0);
    const files = twins.flatMap((each) => [fileOf(each), fileOf(each, 'browser')]);
    expect(files.filter((file) => !existsSync(join(SRC, file)))).toEqual([]);
  });

  it('has no circle between files, of types neither', () => {
    const imported = new Map(
      sourceFiles().map((file) => [
        file,
        importsOf(file)
          .filter(isOurs)
          .map((each) => fileOf(each)),
      ]),
    );
    expect(circlesIn(imported)).toEqual([]);
  });

  it('is drawn in docs/architecture.md', () => {
    const page = readFileSync(join(SRC, '../docs/architecture.md'), 'utf8');
    expect(page).toBe(withRooms(page));
  });

  describe.each(['index.ts', 'browser.ts', 'node.ts', 'otel.ts', 'remote.ts', 'testing.ts', 'cli/main.ts'])(
    '%s',
    (entry) => {
      it('never comes to tfjs or trainer, neither at once nor later', () => {
        const loaded = loadedBy(entry, () => true);
        expect(loaded.length).toBeGreaterThan(10);
        const adapters = loaded.filter(
          (each) =>
            each.specifier.startsWith('@tensorflow/') ||
            (isOurs(each) && /^(tfjs|trainer)(\.ts$|\/)/.test(fileOf(each))),
        );
        expect(adapters).toEqual([]);
      });

      it('loads only what `npm install trainscope rxjs` brings', () => {
        const brought = [...Object.keys(MANIFEST.dependencies), 'rxjs'];
        const others = loadedBy(entry, atOnce).filter(
          ({ specifier }) => !/^([.#]|node:)/.test(specifier) && !brought.includes(packageOf(specifier)),
        );
        expect(others).toEqual([]);
      });
    },
  );

  it('lets only tfjs and trainer know TensorFlow.js', () => {
    const knowing = imports.filter(
      ({ from, specifier }) =>
        specifier.startsWith('@tensorflow/') && !['tfjs', 'trainer'].includes(roomOf(from) ?? ''),
    );
    expect(knowing).toEqual([]);
  });

  it('lets only sinks/otel know OpenTelemetry', () => {
    const knowing = imports.filter(
      ({ from, specifier }) => specifier.startsWith('@opentelemetry/') && !from.startsWith('sinks/otel/'),
    );
    expect(knowing).toEqual([]);
  });
});
