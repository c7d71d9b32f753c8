import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

type Rasteriser = typeof import('@resvg/resvg-wasm');

const require = createRequire(import.meta.url);
const WASM = '@resvg/resvg-wasm/index_bg.wasm';
const FONT = '@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff2';

/** Peers that nothing else needs, by what is read of them. */
const PACKAGES = { '@resvg/resvg-wasm': WASM, '@fontsource/dejavu-sans': FONT };

let loaded: Promise<Rasteriser> | undefined;

/** Of the packages that a PNG needs, those that are not installed. */
export function missingForPng(): readonly string[] {
  return Object.entries(PACKAGES).flatMap(([name, file]) => (isThere(file) ? [] : [name]));
}

function isThere(file: string): boolean {
  try {
    require.resolve(file);
    return true;
  } catch {
    return false;
  }
}

/** @throws Error that says what is to be installed. */
export function requirePng(who: string): void {
  const missing = missingForPng();
  if (missing.length === 0) return;
  throw new Error(`${who}: expected ${missing.join(', ')} to be installed; run: npm install ${missing.join(' ')}`);
}

/** Large, so only where an image is made. */
async function load(): Promise<Rasteriser> {
  const rasteriser = await import('@resvg/resvg-wasm');
  await rasteriser.initWasm(await readFile(require.resolve(WASM)));
  return rasteriser;
}

/**
 * The PNG of an SVG, `scale` times its size. It needs `npm install @resvg/resvg-wasm @fontsource/dejavu-sans`: with a font
 * that comes along, it is the same on every machine.
 *
 * @throws Error that says what is to be installed.
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { svgToPng } from 'trainscope/node';
 *
 * const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="20"><text y="15">step 1</text></svg>';
 * await writeFile('step.png', await svgToPng(svg)); // 160 × 40 pixels
 * ```
 */
export async function svgToPng(svg: string, scale = 2): Promise<Uint8Array> {
  requirePng('svgToPng');
  loaded ??= load();
  const { Resvg } = await loaded;
  const font = await readFile(require.resolve(FONT));
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: scale },
    font: { fontBuffers: [font], defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  });
  return image.render().asPng();
}
