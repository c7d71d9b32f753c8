import { merge, of } from 'rxjs';
import { parameterUpdates } from 'trainscope';
import { ingest } from 'trainscope/node';
import { remoteSink } from 'trainscope/remote';
import { expect, it } from 'vitest';
import { until } from '../../helpers/processes.js';
import { seenBy, Training } from './observed.js';

it('what nobody steers by is refused after a time, as a control event there says', async () => {
  const server = await ingest();
  const runs = seenBy(server);
  const { run } = new Training();
  const remote = remoteSink(server.url);
  run.attach(merge(run.events$, run.events$.pipe(parameterUpdates())), remote);
  run.publish({ type: 'log', metrics: {} });
  await until(() => runs.length === 1);
  runs[0]!.run.steer(of({ command: { kind: 'stop' }, source: 'rule', message: 'enough' }));
  await until(() => runs[0]!.events.some(({ type }) => type === 'control'));
  expect(runs[0]!.events.find(({ type }) => type === 'control')).toMatchObject({
    refused: true,
    message: 'enough: not done: nobody steers this run by remote.requests$',
  });
  expect(run.stopRequested).toBe(false);
  await run.close();
  await server.close();
});
