import { readFile } from 'node:fs/promises';
import { seededShuffle } from '../text/random.js';
import { loadSentences, splitSentences } from '../text/sentences.js';

export interface Texts {
  readonly train: readonly string[];
  readonly heldOut: readonly string[];
}

/** The review sentences of the packages, or the lines of a file; a sixth is held out, the same for the same texts. */
export async function loadTexts(source: string): Promise<Texts> {
  if (source === 'reviews') {
    const { train, heldOut } = splitSentences(await loadSentences());
    return { train: train.map(({ sentence }) => sentence), heldOut: heldOut.map(({ sentence }) => sentence) };
  }
  const lines = (await readFile(source, 'utf8')).split(/\r?\n/).map((line) => line.trim());
  const texts = seededShuffle([...new Set(lines.filter((line) => line !== ''))], 42);
  if (texts.length < 2) throw new RangeError(`${source}: expected at least two lines of text; got ${texts.length}`);
  const count = Math.ceil(texts.length / 6);
  return { train: texts.slice(count), heldOut: texts.slice(0, count) };
}
