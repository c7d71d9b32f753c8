/** Two trainings in Python and one in TypeScript, on one server: one page, one endpoint for Prometheus, one way back. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { merge } from 'rxjs';
import { observe, parameterUpdates } from 'trainscope';
import { serveRuns } from 'trainscope/node';
import { remoteSink } from 'trainscope/remote';
import { afterAll, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { startPrometheus } from '../../helpers/prometheus.js';
import { expectWell, startPython } from '../../helpers/python-client.js';

const STEPS = 200;
const folder = mkdtempSync(join(tmpdir(), 'three-runs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Least squares by gradient descent, with noise: the loss falls as fast as the rate says. */
const PYTHON = `
import random, sys, time
import trainscope
name, rate = sys.argv[1], float(sys.argv[2])
random.seed(1)
w = {"encoder.weight": [random.gauss(0, 1) for _ in range(50)], "head.bias": [1.0, -1.0]}
with trainscope.observe(run=name, config={"learning_rate": rate}, max_steps=${STEPS}) as run:
    for step in range(${STEPS}):
        time.sleep(0.03)
        g = {k: [v + 0.1 * random.gauss(0, 1) for v in values] for k, values in w.items()}
        after = {k: [v - rate * d for v, d in zip(w[k], g[k])] for k in w}
        run.step(w, after, g, loss=sum(v * v for values in w.values() for v in values), learning_rate=rate, examples=8)
        w = after
`;

async function trainHere(url: string): Promise<void> {
  const w = Float32Array.from({ length: 50 }, (_, i) => Math.sin(i));
  const run = observe({ 'encoder.weight': w }, { run: 'typescript', plan: { numEpochs: 1, stepsPerEpoch: STEPS } });
  const remote = remoteSink(url);
  run.attach(merge(run.events$, run.events$.pipe(parameterUpdates())), remote);
  run.steer(remote.requests$);
  for (let step = 0; step < STEPS && !run.stopRequested; step++) {
    run.beginStep();
    await new Promise((resolve) => setTimeout(resolve, 30));
    const learningRate = run.learningRate(0.01);
    const gradients = { 'encoder.weight': w.slice() };
    const loss = w.reduce((sum, v) => sum + v * v, 0);
    run.step({ loss, learningRate, gradients, examples: 8 }, () => {
      for (const [i, g] of gradients['encoder.weight'].entries()) w[i]! -= learningRate * g;
    });
  }
  await run.close();
}

it('lie over each other on one page, and are scraped by one Prometheus', async () => {
  const server = await serveRuns(folder, { port: 0, metrics: true });
  const prometheus = await startPrometheus({ scrape: [server.metricsUrl!] });
  const browser = await launchChromium();
  try {
    const python = [
      ['python-0.05', '0.05'],
      ['python-0.01', '0.01'],
    ].map((args) => startPython('python3', ['-c', PYTHON, ...args], { cwd: folder, url: server.url }));
    await Promise.all([trainHere(server.url), ...python.map(({ ended }) => ended)]);
    for (const { ended } of python) expectWell(await ended);
    const names = ['python-0.01', 'python-0.05', 'typescript'];
    await expect
      .poll(
        () =>
          readdirSync(folder)
            .filter((file) => file.endsWith('.jsonl'))
            .sort(),
        { timeout: 10_000 },
      )
      .toEqual(names.map((name) => `${name}.jsonl`));

    const steps = async () => {
      const series = await prometheus.query('max by (ml_run_id) (ml_training_step)');
      return Object.fromEntries(series.map(({ metric, value }) => [metric.ml_run_id, Number(value![1])]));
    };
    await expect.poll(steps, { timeout: 20_000 }).toEqual(Object.fromEntries(names.map((name) => [name, STEPS])));

    const page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, reducedMotion: 'reduce' });
    await page.goto(`${server.url}/runs/?${new URLSearchParams(names.map((name) => ['run', name]))}`);
    await page.waitForSelector('.plot-area');
    for (const name of names) await page.waitForSelector(`text=${name}`);
    await expect.poll(() => page.locator('[data-state="finished"]').count(), { timeout: 20_000 }).toBeGreaterThan(0);
    if (process.env.SCREENSHOTS) {
      await page.screenshot({ path: join(process.env.SCREENSHOTS, 'three-runs.png'), fullPage: true });
    }
  } finally {
    await browser.close();
    await prometheus.stop();
    await server.close();
  }
});
