/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Do something with the chance of a seed. Initial weights, dropout, noise and shuffling of TensorFlow.js all come from
 * `Math.random` where no seed is given, so one place makes a whole training the same again.
 */
export async function withSeed<T>(seed: number, work: () => Promise<T>): Promise<T> {
  const { random } = Math;
  Math.random = generator(seed);
  try {
    return await work();
  } finally {
    Math.random = random;
  }
}

/** A draw of the standard normal distribution (Box and Muller). */
export function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
