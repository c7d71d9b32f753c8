/** Check that everything that says the version says the same: npx tsx scripts/version.ts 1.2.3 (without: the package's). */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const read = (file: string) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');

/** Who says a version, and which. */
export function versions(): Readonly<Record<string, string | undefined>> {
  return {
    'package.json': JSON.parse(read('package.json')).version,
    'package-lock.json': JSON.parse(read('package-lock.json')).version,
    'python/pyproject.toml': /^version = "(.+)"$/m.exec(read('python/pyproject.toml'))?.[1],
    'CHANGELOG.md': /^## \[(\d.*?)\]/m.exec(read('CHANGELOG.md'))?.[1],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const said = versions();
  const expected = process.argv[2] ?? said['package.json'];
  const others = Object.entries(said).filter(([, version]) => version !== expected);
  for (const [file, version] of others) console.error(`${file}: expected ${expected}, got ${version}`);
  process.exitCode = others.length === 0 ? 0 : 1;
}
