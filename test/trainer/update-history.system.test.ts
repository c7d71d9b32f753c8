import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadModel } from '../../examples/bert-sst2/load-model.js';
import { collate } from '../../examples/text/batches.js';
import { type ParameterUpdates, parameterUpdates } from '../../src/index.js';
import { Trainer } from '../../src/trainer.js';
import { BACKENDS, useBackend } from '../helpers/backend.js';
import { pythonWith, runPython } from '../helpers/python.js';
import reference from '../reference/fixtures/training.json' with { type: 'json' };

const MODEL = fileURLToPath(new URL('../reference/fixtures/tiny-bert', import.meta.url));
/** The tutorial's own lines. */
const PLOT = fileURLToPath(new URL('../reference/plot.py', import.meta.url));
const STEPS = 6;

/** Runs them where the file is, then tells what they read and drew. */
const PROGRAM = `
import json, sys
exec(open(sys.argv[1], encoding="utf8").read())
plt.savefig("plot.png")
axes = plt.gca()
print(json.dumps({
    "columns": list(df.columns),
    "types": sorted({str(kind) for kind in df.dtypes}),
    "values": df.to_numpy().tolist(),
    "lines": [[line.get_label(), line.get_ydata().tolist()] for line in axes.get_lines()],
    "legend": [text.get_text() for text in axes.get_legend().get_texts()],
    "labels": [axes.get_xlabel(), axes.get_ylabel()],
}))
`;

interface Drawn {
  readonly columns: readonly string[];
  readonly types: readonly string[];
  readonly values: readonly (readonly number[])[];
  readonly lines: readonly (readonly [string, readonly number[]])[];
  readonly legend: readonly string[];
  readonly labels: readonly string[];
}

it("parameter_updates.csv is read and drawn by the tutorial's own pandas and matplotlib lines", async () => {
  const python = pythonWith('pandas==2.3.3', 'matplotlib==3.10.7');
  const folder = await mkdtemp(join(tmpdir(), 'trainscope-history-'));
  try {
    const updates = await train(join(folder, 'parameter_updates.csv'));
    const drawn = JSON.parse(runPython(python, PROGRAM, [PLOT], folder)) as Drawn;
    const names = updates[0]!.names;
    expect(drawn.columns).toEqual(names);
    expect(drawn.types).toEqual(['float64']);
    expect(drawn.values).toHaveLength(STEPS);
    updates.forEach(({ columns }, step) => {
      columns.updateNorm.forEach((norm, i) => {
        // pandas reads 17 digits, zeros in front included, unless it is told to read all.
        expect(Math.abs(drawn.values[step]![i]! - norm)).toBeLessThanOrEqual(1e-12 * norm);
      });
    });
    expect(drawn.lines).toEqual(names.map((name, i) => [name, drawn.values.map((row) => row[i])]));
    expect(drawn.legend).toEqual(names);
    expect(drawn.labels).toEqual(['Training Step', 'Parameter Update Norm']);
    expect((await readFile(join(folder, 'plot.png'))).subarray(1, 4).toString()).toBe('PNG');
  } finally {
    await rm(folder, { recursive: true });
  }
});

async function train(file: string): Promise<ParameterUpdates[]> {
  await useBackend(BACKENDS[0]!);
  const { model } = await loadModel(MODEL);
  const trainer = new Trainer({
    model,
    trainDataset: reference.data.map(({ input_ids, label }) => ({ inputIds: input_ids, label })),
    dataCollator: (examples) => collate(examples),
    args: { maxSteps: STEPS, saveStrategy: 'no', disableTqdm: true },
  });
  const updates: ParameterUpdates[] = [];
  trainer.events$.pipe(parameterUpdates()).subscribe((update) => updates.push(update));
  await trainer.train();
  await trainer.saveUpdateHistory(file);
  await trainer.close();
  model.dispose();
  return updates;
}
