import type { NamedParameter } from '../../tfjs/index.js';
import { decodeSafetensors, float32Tensor, type SafetensorsTensor, toFloat32 } from '../safetensors.js';
import type { CheckpointStore } from '../stores/checkpoint-store.js';
import { CheckpointError, FILES } from './checkpoint.js';
import { type Checksums, checkSum } from './checksums.js';
import { assignTensor, fits } from './weights.js';

/** What came of loading weights by name. */
export interface LoadedWeights {
  /** Parameters that have the file's values now. */
  readonly taken: readonly string[];
  /** Parameters that the file has no values for: they are as they were. */
  readonly missing: readonly string[];
  /** Parameters whose values in the file have another shape: they are as they were. */
  readonly misfits: readonly string[];
  /** Values of the file that the model has no parameter for. */
  readonly unused: readonly string[];
  /** All of this in a sentence, and which files of the folder were not read. */
  readonly message: string;
}

const INDEX = 'model.safetensors.index.json';

/** What torch and transformers write besides the weights, which is pickled. */
const PICKLED = /^(optimizer|scheduler|scaler|pytorch_model.*|training_args|rng_state.*)\.(pt|pth|bin)$/;

/**
 * Give parameters the values of a Hugging Face folder, by name. Floats of other widths are made float32.
 *
 * @throws CheckpointError for a folder without safetensors, and where no name fits: nothing is changed then.
 */
export async function loadWeights(
  store: CheckpointStore,
  parameters: readonly NamedParameter[],
  folder: string,
): Promise<LoadedWeights> {
  const values = await readValues(store, folder);
  const names = new Set(parameters.map(({ name }) => name));
  const taken: [NamedParameter, SafetensorsTensor][] = [];
  const missing: string[] = [];
  const misfits: string[] = [];
  for (const parameter of parameters) {
    const { name } = parameter;
    const value = values.get(name);
    if (!value) missing.push(name);
    else if (fits(parameter, value)) taken.push([parameter, value]);
    else misfits.push(name);
  }
  const unused = [...values.keys()].filter((name) => !names.has(name));
  if (taken.length === 0) {
    throw new CheckpointError(
      `${folder}: expected weights by the names of this model, such as ${parameters[0]?.name}, got ${[...values.keys()].slice(0, 3).join(', ') || 'none'}`,
    );
  }
  for (const [{ name, variable }, value] of taken) assignTensor(variable, value, name);
  const found = { taken: taken.map(([{ name }]) => name), missing, misfits, unused };
  return { ...found, message: await messageOf(store, folder, found) };
}

/** What a folder of transformers has that cannot be read, for a message; or nothing. */
export async function foreignFiles(store: CheckpointStore, folder: string): Promise<string> {
  const pickled = (await store.list(folder).catch((): string[] => [])).filter((name) => PICKLED.test(name)).sort();
  if (pickled.length === 0) return '';
  return `; ${pickled.join(', ')} ${pickled.length === 1 ? 'is' : 'are'} torch's own, which is not read here: trainer.loadModel() takes the weights alone, and the training begins anew from them`;
}

async function messageOf(
  store: CheckpointStore,
  folder: string,
  { taken, ...others }: Omit<LoadedWeights, 'message'>,
): Promise<string> {
  const left = Object.entries({
    'not in it, and left as they were': others.missing,
    'of another shape in it, and left as they were': others.misfits,
    'in it, and not in the model': others.unused,
  }).filter(([, names]) => names.length > 0);
  const parts = left.map(([what, names]) => `${names.length} ${what}: ${some(names)}`);
  const all = [`${folder}: ${taken.length} ${taken.length === 1 ? 'parameter' : 'parameters'} taken`, ...parts].join(
    '; ',
  );
  return all + (await foreignFiles(store, folder));
}

async function readValues(store: CheckpointStore, folder: string): Promise<Map<string, SafetensorsTensor>> {
  const names = await store.list(folder).catch((cause) => {
    throw new CheckpointError(`loadModel: expected a folder with ${FILES.weights}, got ${folder} (${cause.message})`);
  });
  const sums = await checksumsIn(store, folder, names);
  const values = new Map<string, SafetensorsTensor>();
  for (const file of await weightFiles(store, folder, names)) {
    const path = store.pathOf(folder, file);
    try {
      const bytes = await store.read(folder, file);
      if (sums) checkSum(path, file, bytes, sums);
      for (const [name, value] of decodeSafetensors(bytes).tensors) {
        values.set(name, asFloat32(value, name));
      }
    } catch (cause) {
      if (cause instanceof CheckpointError) throw cause;
      throw new CheckpointError(`${path}: it cannot be read: ${(cause as Error).message}`, { cause });
    }
  }
  return values;
}

/** Of a checkpoint that was written here. */
async function checksumsIn(
  store: CheckpointStore,
  folder: string,
  names: readonly string[],
): Promise<Checksums | undefined> {
  if (!names.includes(FILES.checksums)) return undefined;
  return (await jsonIn(store, folder, FILES.checksums)) as Checksums;
}

async function jsonIn(store: CheckpointStore, folder: string, file: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await store.read(folder, file)));
}

/** One file, or the parts of a large model. */
async function weightFiles(
  store: CheckpointStore,
  folder: string,
  names: readonly string[],
): Promise<readonly string[]> {
  if (names.includes(FILES.weights)) return [FILES.weights];
  if (names.includes(INDEX)) {
    const { weight_map } = (await jsonIn(store, folder, INDEX)) as { weight_map: Record<string, string> };
    return [...new Set(Object.values(weight_map))];
  }
  throw new CheckpointError(
    `loadModel: expected ${FILES.weights} in ${folder}, got ${names.join(', ') || 'nothing'}; torch's own format is not read: save the model with safe_serialization`,
  );
}

function asFloat32(value: SafetensorsTensor, name: string): SafetensorsTensor {
  const isFloat = ['F16', 'BF16', 'F64'].includes(value.dtype);
  return isFloat ? float32Tensor(toFloat32(value, name), value.shape) : value;
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
