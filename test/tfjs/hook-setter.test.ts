import { describe, expect, it } from 'vitest';
import { hookSetter } from '../../src/tfjs/hook-setter.js';

class Dial {
  #at = 1;
  plain = 1;
  get at(): number {
    return this.#at;
  }
  set at(value: number) {
    this.#at = value;
  }
  get readOnly(): number {
    return 2 * this.#at;
  }
}
class Turned extends Dial {}

describe('hookSetter', () => {
  it('hears of assignments to this instance, after they were made, until it is restored', () => {
    const [dial, other] = [new Turned(), new Turned()];
    const heard: number[] = [];
    const restore = hookSetter(dial, 'at', () => heard.push(dial.at));
    dial.at = 2;
    other.at = 3;
    dial.at = 4;
    expect([dial.at, dial.readOnly, other.at]).toEqual([4, 8, 3]);
    expect(Object.keys(dial)).toEqual(['plain']);
    restore();
    expect(Object.hasOwn(dial, 'at')).toBe(false);
    dial.at = 5;
    expect([dial.at, heard]).toEqual([5, [2, 4]]);
  });

  it.each(['inner first', 'outer first'])('lies over another, and both can go: %s', (order) => {
    const dial = new Dial();
    const heard: string[] = [];
    const inner = hookSetter(dial, 'at', () => heard.push('inner'));
    const outer = hookSetter(dial, 'at', () => heard.push('outer'));
    dial.at = 2;
    const [first, second] = order === 'inner first' ? [inner, outer] : [outer, inner];
    first();
    dial.at = 3;
    second();
    dial.at = 4;
    expect(dial.at).toBe(4);
    expect(heard).toEqual(['inner', 'outer', order === 'inner first' ? 'outer' : 'inner']);
  });

  it('leaves alone what has no setter', () => {
    const dial = new Dial();
    const before = Object.getOwnPropertyDescriptors(dial);
    for (const name of ['plain', 'readOnly'] as const) hookSetter(dial, name, () => {})();
    expect(Object.getOwnPropertyDescriptors(dial)).toEqual(before);
  });
});
