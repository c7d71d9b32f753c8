/** What a backend of a browser is called here, and how a page gets it. */
export const BACKENDS = {
  cpu: { name: 'cpu', flags: {} },
  wasm: { name: 'wasm', flags: {} },
  WebGL2: { name: 'webgl', flags: { WEBGL_VERSION: 2 } },
  WebGL1: { name: 'webgl', flags: { WEBGL_VERSION: 1 } },
  'WebGL float16': { name: 'webgl', flags: { WEBGL_VERSION: 2, WEBGL_FORCE_F16_TEXTURES: true } },
  WebGPU: { name: 'webgpu', flags: {} },
} as const;

export type Backend = keyof typeof BACKENDS;

export const MODELS = ['MLP', 'CNN', 'embedding + LSTM'] as const;
export type Model = (typeof MODELS)[number];

export const WAYS = ['fit', 'by hand'] as const;
export type Way = (typeof WAYS)[number];

/** What a page found of a training that it observed. */
export interface Found {
  readonly steps: number;
  /** The largest relative difference of each statistic to float64 of the values around `applyGradients`. */
  readonly errors: Readonly<Record<string, number>>;
  /** What of counts and histograms is not exactly so. */
  readonly wrong: readonly string[];
  readonly losses: readonly number[];
  /** Parameters whose bits differ from those of the unobserved training. */
  readonly differing: readonly string[];
  readonly alerts: readonly string[];
  readonly sinkErrors: readonly string[];
  readonly leaked: number;
}

/** What a page holds after so many fits. */
export interface Held {
  readonly numTensors: number;
  readonly numDataBuffers: number;
  readonly numBytesInGPU: number;
}

/** What is read later besides comparisons. */
export interface Others {
  /** Losses of `minimize`: without and with `returnCost`, then both within a tidy. */
  readonly losses: readonly number[];
  readonly drifts: number;
  /** The share of dead units in two steps. */
  readonly dead: readonly number[];
  readonly leaked: number;
}

/** What observing costs. */
export interface Cost {
  readonly parameters: number;
  /** Programs (on cpu and wasm: kernels) of a step, unobserved and observed. */
  readonly plainPrograms: number;
  readonly programs: number;
  readonly plainMs: number;
  readonly ms: number;
  /** Reads that were begun in an observed step. */
  readonly reads: number;
}

/** What the page offers to whoever drives it. */
export interface BackendPage {
  use(backend: Backend): Promise<string>;
  observe(model: Model, way: Way): Promise<Found>;
  manyFits(model: Model, fits: number): Promise<readonly Held[]>;
  counts(size: number, kept: number): Promise<{ readonly unchanged: number; readonly alert: boolean }>;
  magnitudes(scale: number): Promise<number>;
  /** The largest relative error of any statistic of values that differ by so many units in their last place, or not at all. */
  alike(units: number): Promise<number>;
  dtypes(): Promise<readonly (readonly number[])[]>;
  others(): Promise<Others>;
  skips(): Promise<{ readonly weights: readonly number[]; readonly said: readonly string[] }>;
  cost(model: Model, steps: number): Promise<Cost>;
}
