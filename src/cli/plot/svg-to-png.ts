import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

const require = createRequire(import.meta.url);
const RASTERISER = '@resvg/resvg-wasm/index_bg.wasm';
const FONT = '@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff2';

let ready: Promise<void> | undefined;

/** The PNG of an SVG, `scale` times its size. With a font that comes along, so that it is the same on every machine. */
export async function svgToPng(svg: string, scale = 2): Promise<Uint8Array> {
  ready ??= readFile(require.resolve(RASTERISER)).then((wasm) => initWasm(wasm));
  await ready;
  const font = await readFile(require.resolve(FONT));
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: scale },
    font: { fontBuffers: [font], defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  });
  return image.render().asPng();
}
