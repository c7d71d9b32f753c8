import { parseArgs } from 'node:util';
import { commandLine, numberOf } from '../text/command-line.js';

export interface StartOptions {
  /** A Hugging Face folder, a name on the hub, or `small`. */
  readonly model: string;
  /** A file with one text a line, or `reviews`. */
  readonly text: string;
  readonly learningRate: number;
  readonly epochs: number;
  /** −1: as many as the epochs have. */
  readonly maxSteps: number;
}

const USAGE = `npx tsx examples/gpt2/start.ts [options]

  --model           a folder that save_pretrained has written (config.json, model.safetensors, tokenizer.json or
                    vocab.json and merges.txt), or a name on the Hugging Face hub (gpt2);
                    default: small, 2 layers × 128 with fresh weights
  --text            a file with one text a line; default: reviews, 2,982 sentences that come with the packages
  --learning-rate   default: 3e-3 for the small one, 5e-5 for another
  --epochs          default: 3 for the small one, 1 for another
  --max-steps       stop after so many updates`;

/** What the command line asks for; ends the process with the usage for --help and for what it does not know. */
export function startOptions(args: readonly string[]): StartOptions {
  return commandLine(USAGE, () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        model: { type: 'string', default: 'small' },
        text: { type: 'string', default: 'reviews' },
        'learning-rate': { type: 'string' },
        epochs: { type: 'string' },
        'max-steps': { type: 'string', default: '-1' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const { model, text } = values;
    const defaults = model === 'small' ? { rate: '3e-3', epochs: '3' } : { rate: '5e-5', epochs: '1' };
    return {
      model,
      text,
      learningRate: numberOf('--learning-rate', values['learning-rate'] ?? defaults.rate),
      epochs: numberOf('--epochs', values.epochs ?? defaults.epochs),
      maxSteps: numberOf('--max-steps', values['max-steps']),
    };
  });
}
