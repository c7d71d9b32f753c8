import { Agent, request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ingest } from '../../../src/node.js';
import { hostileBody, sentBy } from './mutations.js';
import { SendingProcess, stepRecords, TABLE } from './post.js';

const BODIES = 100_000;
const AT_ONCE = 8;

it(`${BODIES} bodies that look like batches, more or less, neither end nor stall it, and leave nothing`, async () => {
  const server = await ingest({ onSinkError: () => {}, maxBatchesPerSecond: 1_000_000, lostAfterMs: 200, waitMs: 50 });
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const bodies = fc.sample(hostileBody, { numRuns: 5_000, seed: 1 });
  const statuses = new Map<number, number>();
  let next = 0;
  const send = (i: number) =>
    new Promise<void>((resolve, reject) => {
      const id = `s${i % 97}`;
      const headers = {
        'Content-Type': i % 3 === 0 ? 'application/vnd.trainscope.records' : 'application/x-ndjson',
        'Trainscope-Session': id,
        'Trainscope-Batch': String(Math.floor(i / 97)),
      };
      const sent = request(`${server.url}/v1/records`, { method: 'POST', headers, agent }, (response) => {
        statuses.set(response.statusCode!, (statuses.get(response.statusCode!) ?? 0) + 1);
        response.resume().on('end', resolve);
      });
      sent.on('error', reject);
      // The same body in another session, and after other ones, is another case.
      sent.end(sentBy(id, bodies[(i * 7919) % bodies.length]!));
    });
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heapAfter: number[] = [];
  const worker = async () => {
    while (next < BODIES) {
      if (next % (BODIES / 10) === 0) {
        collect();
        heapAfter.push(process.memoryUsage().heapUsed / 2 ** 20);
      }
      await send(next++);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect([...statuses.keys()].filter((status) => ![200, 400, 409].includes(status))).toEqual([]);
    expect(statuses.get(200)!).toBeGreaterThan(BODIES / 10);
    expect(Math.max(...heapAfter.slice(5))).toBeLessThan(Math.max(...heapAfter.slice(0, 5)) + 64);
    const well = new SendingProcess(server.url);
    expect((await well.begin(TABLE, ...stepRecords(1))).status).toBe(200);
  } finally {
    agent.destroy();
    await server.close();
  }
}, 300_000);
