import { inflateRawSync } from 'node:zlib';
import { type Changes, Histories } from '../../../src/page/history/histories.js';

/** The histories that a report carries. */
export function dataOf(html: string): Histories {
  const data = /<script type="text\/plain" id="data">([^<]*)<\/script>/.exec(html)?.[1];
  const histories = new Histories();
  histories.apply(JSON.parse(inflateRawSync(Buffer.from(data!, 'base64')).toString()) as Changes);
  return histories;
}
