import { describeValue } from '../../events/index.js';
import { FILES } from '../checkpoints/checkpoint.js';
import type { HasFiles, ModelFiles, TrainableModel } from './trainable-model.js';

const OURS: ReadonlySet<string> = new Set(Object.values(FILES));

/**
 * The files that a model and its tokenizer bring along.
 *
 * @throws TypeError for what is no file, or a name that is a checkpoint's own.
 */
export async function modelFiles(model: TrainableModel, processingClass: HasFiles | undefined): Promise<ModelFiles> {
  const { files } = model as Partial<HasFiles>;
  const ofModel = typeof files === 'function' ? await files.call(model) : {};
  const all = { ...(await processingClass?.files()), ...ofModel };
  for (const [name, content] of Object.entries(all)) check(name, content);
  return all;
}

function check(name: string, content: unknown): void {
  if (!/^[^/\\]+$/.test(name) || name === '.' || name === '..' || OURS.has(name)) {
    throw new TypeError(
      `files(): expected names of files beside a checkpoint's own, such as config.json, got ${JSON.stringify(name)}`,
    );
  }
  if (typeof content === 'string' || content instanceof Uint8Array) return;
  throw new TypeError(`files(): expected a text or bytes for ${name}, got ${describeValue(content)}`);
}
