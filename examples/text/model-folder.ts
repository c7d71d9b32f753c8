import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors, float32Tensor, toFloat32 } from '../../src/trainer/safetensors.js';
import type { NamedParameter, ParameterValues } from './named-variables.js';

/** Something that goes into the folder with files of its own. */
interface HasFiles {
  files(): Readonly<Record<string, string>>;
}

/** A Hugging Face folder's config.json. */
export async function readConfig(folder: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
}

/**
 * The values in a Hugging Face folder's model.safetensors, as floats, by the names that the model has for them.
 *
 * @param namesIn given all names in the file, what the model calls each of them: undefined for what it has no use for.
 */
export async function readValues(
  folder: string,
  namesIn: (all: readonly string[]) => (name: string) => string | undefined,
): Promise<Map<string, ParameterValues>> {
  const { tensors } = decodeSafetensors(await readFile(join(folder, 'model.safetensors')));
  const nameOf = namesIn([...tensors.keys()]);
  const values = new Map<string, ParameterValues>();
  for (const [inFile, tensor] of tensors) {
    const name = nameOf(inFile);
    if (name !== undefined) values.set(name, { shape: tensor.shape, data: toFloat32(tensor, inFile) });
  }
  return values;
}

/** Write a model, and its tokenizer, as a Hugging Face folder that transformers reads. */
export async function writeModelFolder(
  folder: string,
  model: HasFiles & { parameters(): readonly NamedParameter[] },
  tokenizer?: HasFiles,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tensors = new Map<string, ReturnType<typeof float32Tensor>>();
  for (const { name, variable } of model.parameters()) {
    tensors.set(name, float32Tensor((await variable.data()) as Float32Array, variable.shape));
  }
  await writeFile(join(folder, 'model.safetensors'), encodeSafetensors(tensors, { format: 'pt' }));
  const files = { ...tokenizer?.files(), ...model.files() };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}

/** A file of JSON; undefined where there is none. */
export async function readJson(file: string): Promise<Record<string, unknown> | undefined> {
  const text = await readIfThere(file);
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
}

/** A file's text; undefined where there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
