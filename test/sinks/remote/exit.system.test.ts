import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ingest } from 'trainscope/node';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../helpers/processes.js';
import { seenBy } from './observed.js';

const JOB = fileURLToPath(new URL('./exit-job.ts', import.meta.url));

/** Run the job to its end. @throws Error where it does not come to one. */
async function runJob(url: string, how: string): Promise<string> {
  const args = ['--import', 'tsx', JOB, url, how];
  return (await promisify(execFile)(process.execPath, args, { timeout: 60_000 })).stdout;
}

describe('a process that sends', () => {
  it.each(['closed', 'left'])('comes to its end with a sink that is %s, the server there', async (how) => {
    const server = await ingest();
    const runs = seenBy(server);
    expect(await runJob(server.url, how)).toBe('done\n');
    if (how === 'closed') expect(runs[0]!.events.map(({ type }) => type)).toContain('step-end');
    await server.close();
  });

  it('comes to its end where the server is not', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await runJob(url, 'closed')).toMatch(
      /^the end of the run could not be sent, 3 lines: .*ECONNREFUSED.*\ndone\n$/,
    );
    expect(await runJob(url, 'left')).toBe('done\n');
  });
});
