import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { coerce, minVersion, satisfies } from 'semver';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { versions } from '../../scripts/version.js';

const root = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const manifest = JSON.parse(readFileSync(root('package.json'), 'utf8'));

describe('package.json', () => {
  it('puts types first and default last in every entry point, each with a source', () => {
    for (const [path, target] of Object.entries<Record<string, string> | string>(manifest.exports)) {
      if (typeof target === 'string') continue;
      const conditions = path === './tfjs' ? ['types', 'browser', 'default'] : ['types', 'default'];
      expect([path, Object.keys(target)]).toEqual([path, conditions]);
      for (const file of Object.values(target).filter((each) => each.endsWith('.js'))) {
        const source = file.replace('./dist/', 'src/').replace(/\.js$/, '.ts');
        expect([path, existsSync(root(source))]).toEqual([path, true]);
      }
    }
  });

  it('brings the trainscope command', () => {
    expect(Object.keys(manifest.bin)).toEqual(['trainscope']);
    const source = root(manifest.bin.trainscope.replace('dist/', 'src/').replace(/\.js$/, '.ts'));
    expect(readFileSync(source, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('says one version everywhere, of npm, of Python and of the changelog', () => {
    const said = versions();
    expect(Object.entries(said).filter(([, version]) => version !== manifest.version)).toEqual([]);
  });

  it('has a readme of the wheel whose links lead somewhere on a page of the Python package index', () => {
    const links = [...readFileSync(root('python/README.md'), 'utf8').matchAll(/\]\(([^)]+)\)/g)].map(([, to]) => to!);
    expect(links.length).toBeGreaterThan(1);
    expect(links.filter((to) => !to.startsWith('https://'))).toEqual([]);
  });

  it('is built before it is packed or published', () => {
    expect(manifest.scripts.prepack).toBe('npm run build');
    expect(manifest.publishConfig).toEqual({ access: 'public', provenance: true });
  });

  it('installs nothing that runs a script', () => {
    const { packages } = JSON.parse(readFileSync(root('package-lock.json'), 'utf8'));
    const seen = new Set<string>();
    const follow = (name: string) => {
      const found = packages[`node_modules/${name}`];
      if (seen.has(name) || !found) return;
      seen.add(name);
      for (const next of Object.keys({ ...found.dependencies, ...found.optionalDependencies })) follow(next);
    };
    for (const name of [...Object.keys(manifest.dependencies), 'rxjs']) follow(name);
    expect(seen.size).toBeGreaterThan(Object.keys(manifest.dependencies).length);
    expect([...seen].filter((name) => packages[`node_modules/${name}`].hasInstallScript)).toEqual([]);
  });

  it('never installs a native library: tfjs-node is an optional peer and nothing else', () => {
    expect(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })).not.toContain(
      '@tensorflow/tfjs-node',
    );
    expect(manifest.peerDependenciesMeta['@tensorflow/tfjs-node']).toEqual({ optional: true });
    const lock = JSON.parse(readFileSync(root('package-lock.json'), 'utf8'));
    expect(Object.keys(lock.packages)).not.toContain('node_modules/@tensorflow/tfjs-node');
  });

  it('asks for rxjs alone: TensorFlow.js and OpenTelemetry are for those who use them', () => {
    const { peerDependencies, peerDependenciesMeta, dependencies } = manifest;
    expect(Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)).toEqual(['rxjs']);
    expect(Object.keys(peerDependencies).filter((name) => name.startsWith('@tensorflow/'))).toEqual([
      '@tensorflow/tfjs-backend-cpu',
      '@tensorflow/tfjs-backend-wasm',
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-layers',
      '@tensorflow/tfjs-node',
    ]);
    expect(Object.keys(dependencies).filter((name) => /^@(tensorflow|opentelemetry)\//.test(name))).toEqual([]);
  });

  it('names every package that src imports', () => {
    const named = { ...manifest.dependencies, ...manifest.peerDependencies };
    const files = readdirSync(root('src'), { recursive: true, encoding: 'utf8' }).filter(
      // The page's own script is bundled: what it imports is inside.
      (file) => file.endsWith('.ts') && !file.includes('assembly') && !file.startsWith('page/client'),
    );
    const imports = files.flatMap((file) => {
      const text = readFileSync(root(`src/${file}`), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
      return [...text.matchAll(/(?:\sfrom|\bimport\(|^import)\s*'(@[^/']+\/[^/']+|[^@.#'][^/':]*)(?:\/[^']*)?'/gm)]
        .map(([, name]) => name!)
        .map((name) => ({ file, name }));
    });
    expect(new Set(imports.map(({ name }) => name)).size).toBeGreaterThan(10);
    expect(imports.filter(({ name }) => !(name in named))).toEqual([]);
  });

  it('runs on the least Node that can require ES modules, and later', () => {
    expect(manifest.engines).toEqual({ node: '>=20.19' });
  });

  it('has the drawings of its guides; screenshots are taken from the repository by a package page', () => {
    expect(manifest.files.filter((path: string) => path.includes('images'))).toEqual(['docs/images/**/*.svg']);
    expect(manifest.repository.url).toMatch(/^git\+https:\/\/github\.com\/.*\.git$/);
  });

  it('is tested on that Node and on those after it, by CI and by `npm run floors`', () => {
    const { jobs } = parse(readFileSync(root('.github/workflows/ci.yml'), 'utf8'));
    const { node } = jobs.quick.strategy.matrix as { readonly node: readonly string[] };
    expect(node.map((version) => coerce(version)?.major)).toEqual([20, 22, 24]);
    expect(coerce(node[0])?.version).toBe(minVersion(manifest.engines.node)?.version);
    const floors = [...readFileSync(root('scripts/floors.ts'), 'utf8').matchAll(/'node ([\d.]+)': onNode/g)];
    expect(floors.map(([, version]) => version)).toEqual(node);
  });

  it('is worked on with that Node, too: `npm ci` there warns of no package', () => {
    const { packages } = JSON.parse(readFileSync(root('package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly engines?: { readonly node?: string } }>>;
    };
    const least = minVersion(manifest.engines.node)!;
    const asking = Object.entries(packages).flatMap(([path, { engines }]) =>
      engines?.node ? [{ path, engines }] : [],
    );
    expect(asking.length).toBeGreaterThan(100);
    expect(asking.filter(({ engines }) => !satisfies(least, engines.node!))).toEqual([]);
  });

  it('has only the run-time dependencies that were decided on', () => {
    expect(Object.keys(manifest.dependencies)).toEqual([
      'commander',
      'csv-parse',
      'd3-color',
      'd3-scale',
      'hyparquet-writer',
      'pbf',
      'zeptomatch',
    ]);
  });

  it('shows every script of the house', () => {
    expect(Object.keys(manifest.scripts)).toEqual(
      expect.arrayContaining(['start', 'test', 'check', 'build', 'bench', 'docs']),
    );
  });
});
