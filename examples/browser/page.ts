// The page: starts trainings in a worker, and shows them in a panel beside.
import { reviveRecord } from 'trainscope';
import { panelSink } from 'trainscope/browser';
import type { Job, Message } from './worker.js';

const find = <T extends Element>(selector: string) => document.querySelector<T>(selector)!;
const form = find<HTMLFormElement>('form');
const button = find<HTMLButtonElement>('button');
const said = find<HTMLElement>('output');

const panel = panelSink(find<HTMLElement>('#panel'));
// `?backend=wasm` asks for one; else the best that works is taken.
const worker = new Worker(`/worker.js${location.search}`, { type: 'module' });
let runs = 0;

worker.addEventListener('message', ({ data }: MessageEvent<Message | { readonly type: string }>) => {
  if ('type' in data) panel.next(reviveRecord(data));
  else if ('say' in data) said.append(`${data.say}\n`);
  else button.disabled = false;
});

form.addEventListener('submit', (event) => {
  event.preventDefault();
  button.disabled = true;
  const fields = new FormData(form);
  const learningRate = Number(fields.get('rate'));
  const job: Job = { run: `${++runs}: rate ${learningRate}`, learningRate, epochs: Number(fields.get('epochs')) };
  worker.postMessage(job);
});
form.requestSubmit();
