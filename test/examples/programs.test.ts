import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runExample } from '../helpers/run-example.js';

it('fit.ts prints every parameter at every step, and writes them', async () => {
  await runExample('fit.ts', [], (output, folder) => {
    const lines = output.trim().split('\n');
    expect(lines[0]).toMatch(/^backend: (tensorflow|wasm|cpu)$/);
    const updates = lines.filter((line) => /^Parameter (hidden|classifier)\/(kernel|bias) updated by: \d/.test(line));
    // 2 epochs of 8 batches, 4 parameters.
    expect(updates).toHaveLength(64);
    const rows = readFileSync(join(folder, 'parameter_updates.csv'), 'utf8').trim().split('\r\n');
    expect(rows[0]).toBe('step,hidden/kernel,hidden/bias,classifier/kernel,classifier/bias');
    expect(rows).toHaveLength(17);
    expect(updates[0]).toBe(`Parameter hidden/kernel updated by: ${rows[1]!.split(',')[1]}`);
  });
});

it('custom-loop.ts prints loss changes, mean ratios and the fastest parameters', async () => {
  await runExample('custom-loop.ts', [], (output) => {
    expect(output.match(/^loss change -?\d/gm)).toHaveLength(99);
    expect(output.match(/^mean update ratio \d/gm)).toHaveLength(5);
    expect(output.match(/^linear\/(weight|bias) [\d.e-]+ [\d.e-]+$/gm)).toHaveLength(200);
  });
});
