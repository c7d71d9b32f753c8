/**
 * What the live page takes of a step at 1,000 steps a second, for a model of 200 parameters with all default statistics,
 * with nobody looking and with many; and how far behind the slowest page is when the last step is done.
 */
import { Worker } from 'node:worker_threads';
import { liveSink } from 'trainscope/node';
import { madeUpStep } from './made-up-steps.js';
import { quick } from './quick.js';
import { median, table } from './report.js';

const SECONDS = quick ? 1 : 5;
const STEPS_PER_SECOND = 1000;
const CLIENTS = [0, 1, 10];

/** Pages that follow, in a thread of their own: they say when all of them have seen the last step. */
const FOLLOWERS = `
const { parentPort, workerData: { url, clients, lastStep } } = require('node:worker_threads');
const { get } = require('node:http');
const mark = '"phase":"finished","step":' + lastStep;
let opened = 0, ended = 0;
for (let i = 0; i < clients; i++) {
  get(url + 'events', (response) => {
    let tail = '';
    if (++opened === clients) parentPort.postMessage('opened');
    response.setEncoding('utf8').on('data', (text) => {
      const at = tail + text;
      tail = at.slice(-mark.length);
      if (at.includes(mark) && ++ended === clients) parentPort.postMessage('ended');
    });
  });
}`;

async function costWith(clients: number): Promise<string[]> {
  const live = liveSink();
  const lastStep = SECONDS * STEPS_PER_SECOND;
  const followers = new Worker(FOLLOWERS, { eval: true, workerData: { url: live.url, clients, lastStep } });
  const heard = (what: string) =>
    new Promise<void>((resolve) => followers.on('message', (message) => message === what && resolve()));
  const ended = heard('ended');
  if (clients > 0) await heard('opened');
  const times: number[] = [];
  const begin = performance.now();
  for (let step = 1; step <= lastStep; step++) {
    const [updates, end] = madeUpStep(step, 1);
    const before = performance.now();
    live.next(end);
    live.next(updates);
    times.push(performance.now() - before);
    if (step % 10 === 0)
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, begin + step - performance.now())));
  }
  const stepsPerSecond = (1000 * lastStep) / (performance.now() - begin);
  live.next({ ...madeUpStep(lastStep, 1)[1], type: 'train-end' });
  const last = performance.now();
  live.complete();
  if (clients > 0) await ended;
  else await live.closed;
  const behind = performance.now() - last;
  await Promise.all([followers.terminate(), live.stop()]);
  const sorted = times.sort((a, b) => a - b);
  return [
    String(clients),
    stepsPerSecond.toFixed(0),
    (1000 * median(sorted)).toFixed(0),
    (1000 * sorted[Math.floor(0.99 * sorted.length)]!).toFixed(0),
    behind.toFixed(0),
  ];
}

const rows: string[][] = [];
for (const clients of CLIENTS) {
  rows.push(await costWith(clients));
  console.error(rows.at(-1)?.join('  '));
}
console.log(
  table(
    [
      'pages',
      'steps a second',
      'µs a step, median',
      'µs a step, 99 of 100',
      'ms until the slowest page has the last step',
    ],
    rows,
  ),
);
