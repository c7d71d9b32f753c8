import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { reportLines } from '../../../../src/page/client/state/report-lines.js';

let turns = 0;
const turn = async () => void turns++;

async function readBack(lines: readonly string[]): Promise<string[]> {
  const data = deflateRawSync(lines.map((line) => `${line}\n`).join('')).toString('base64');
  const read: string[] = [];
  for await (const line of reportLines(data, turn)) read.push(line);
  return read;
}

test.each([
  ['none', []],
  ['one', ['{}']],
  ['a long one, of characters of several bytes', ['学习'.repeat(300_000)]],
  ['more than is decoded at once', Array.from({ length: 200_000 }, (_, i) => `${Math.sin(i)}`)],
])('a report gives its lines back: %s', async (_, lines) => {
  turns = 0;
  expect(await readBack(lines)).toEqual(lines);
  expect(turns).toBeGreaterThan(lines.join('').length / 1_000_000);
});

test.each(['', 'AAAA'])('data that are damaged, %j, are no report', async (data) => {
  await expect(reportLines(data, turn).next()).rejects.toThrow();
});
