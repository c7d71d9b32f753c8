import { parseArgs } from 'node:util';
import type { ConsoleStyle } from 'trainscope';
import { commandLine, numberOf } from '../text/command-line.js';

export interface FineTuneOptions {
  /** A Hugging Face folder, a name on the hub, or `minilm`. */
  readonly model: string;
  /** A folder with SST-2's files, a name on the hub, or `reviews`. */
  readonly data: string;
  readonly learningRate: number;
  readonly epochs: number;
  /** −1: as many as the epochs have. */
  readonly maxSteps: number;
  /** Let the update ratio set the learning rate. */
  readonly steer: boolean;
  readonly style: ConsoleStyle;
}

const USAGE = `npm run fine-tune -- [options]

  --model           a folder with config.json, model.safetensors and tokenizer.json or vocab.txt; or a name
                    on the Hugging Face hub (bert-base-uncased); default: minilm, from the Python package index
  --data            a folder with SST-2 as TSV or Parquet, or a name on the hub (nyu-mll/glue);
                    default: reviews, 2,982 sentences that come with the packages
  --learning-rate   default: 2e-5
  --epochs          default: 3
  --max-steps       stop after so many updates
  --steer           adapt the learning rate, so that a step moves a layer by about 1e-3 of its norm
  --style           lines (one a parameter and step, as the tutorial has it; default), table, progress`;

/** What the command line asks for; ends the process with the usage for --help and for what it does not know. */
export function fineTuneOptions(args: readonly string[]): FineTuneOptions {
  return commandLine(USAGE, () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        model: { type: 'string', default: 'minilm' },
        data: { type: 'string', default: 'reviews' },
        'learning-rate': { type: 'string', default: '2e-5' },
        epochs: { type: 'string', default: '3' },
        'max-steps': { type: 'string', default: '-1' },
        steer: { type: 'boolean', default: false },
        style: { type: 'string', default: 'lines' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    return {
      model: values.model,
      data: values.data,
      learningRate: numberOf('--learning-rate', values['learning-rate']),
      epochs: numberOf('--epochs', values.epochs),
      maxSteps: numberOf('--max-steps', values['max-steps']),
      steer: values.steer,
      style: values.style as ConsoleStyle,
    };
  });
}
