import { inflateRawSync } from 'node:zlib';
import type { Changes } from '../../../src/page/history/changes.js';
import { Histories } from '../../../src/page/history/histories.js';

/** The lines of a report's data. */
export function linesIn(data: string): string[] {
  return inflateRawSync(Buffer.from(data, 'base64')).toString().trimEnd().split('\n');
}

/** The histories that a report carries. */
export function dataOf(html: string): Histories {
  const data = /<script type="text\/plain" id="data">([^<]*)<\/script>/.exec(html)?.[1];
  const histories = new Histories();
  for (const line of linesIn(data!)) histories.apply(JSON.parse(line) as Changes);
  return histories;
}
