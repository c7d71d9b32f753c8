import { expect, it } from 'vitest';
import { consoleSink } from '../../src/index.js';
import { updates } from './updates.js';

it('a console whose output takes nothing is given up at the end', async () => {
  let waiting = '';
  const output = {
    isTTY: false,
    write(text: string) {
      waiting += text;
    },
    on() {},
    off() {},
    get writableLength() {
      return waiting.length;
    },
  };
  const sink = consoleSink({ output });
  sink.next(updates(1, Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`parameter.${i}`, [1, 1]]))));
  await expect(sink.close()).rejects.toThrow(`the output takes nothing: ${waiting.length} characters are left`);
}, 20_000);
