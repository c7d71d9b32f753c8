import { describe, expect, it } from 'vitest';
import { checkOptions, nearestHint } from '../../src/events/check-option.js';
import { createRule, createSink, observe } from '../../src/index.js';
import { SCHEDULER_TYPES } from '../../src/trainer/schedules/scheduler.js';
import { createScheduler, Trainer } from '../../src/trainer.js';
import { OPTIONS, type OptionCase, ROOTS, WITHOUT_OPTIONS } from './option-table.js';

/** What a call fails with, at once or by its promise; undefined where it does not. */
async function failureOf({ call }: OptionCase, options: unknown): Promise<unknown> {
  try {
    await call(options as never);
    return undefined;
  } catch (cause) {
    return cause;
  }
}

async function messageOf(each: OptionCase, options: unknown): Promise<string> {
  const failure = await failureOf(each, options);
  expect(failure).toBeInstanceOf(TypeError);
  return (failure as TypeError).message;
}

/** The options that an error lists. */
async function namesOf(each: OptionCase): Promise<readonly string[]> {
  const message = await messageOf(each, { ...each.base, zzzzzzzzzzzz: 1 });
  return message.split('(), ')[1]!.split('; got')[0]!.split(', ');
}

const CASES = Object.entries(OPTIONS).map(([name, each]) => ({ name, each, user: each.user ?? name }));

describe('the options of every factory', () => {
  it('are looked at for all that is exported', () => {
    const exported = Object.values(ROOTS).flatMap((root) =>
      Object.entries(root).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])),
    );
    expect(exported.filter((name) => !(name in OPTIONS) && !WITHOUT_OPTIONS.has(name))).toEqual([]);
    const listed = [...WITHOUT_OPTIONS, ...Object.keys(OPTIONS).filter((name) => !name.includes('.'))];
    expect(listed.filter((name) => !exported.includes(name))).toEqual([]);
  });

  it.each(CASES)('$name: one that there is not is refused, and those that there are listed', async ({ each, user }) => {
    const message = await messageOf(each, { ...each.base, zzzzzzzzzzzz: 1 });
    expect(message).toMatch(/^zzzzzzzzzzzz: expected one of the options of .+\(\), \w+(, \w+)*; got "zzzzzzzzzzzz"$/);
    expect(message).toContain(` of ${user}(), `);
    // As undefined it is no less a mistake.
    expect(await messageOf(each, { ...each.base, zzzzzzzzzzzz: undefined })).toBe(message);
  });

  it.each(CASES)('$name: a slip names the option that is meant', async ({ each }) => {
    for (const name of await namesOf(each)) {
      const slip = `${name}x`;
      expect(await messageOf(each, { ...each.base, [slip]: 1 })).toContain(`got "${slip}"; did you mean "${name}"?`);
    }
  });

  it.each(CASES)('$name: what is no object is refused', async ({ each, user }) => {
    for (const given of ['table', 3, null, [], () => {}, true]) {
      expect(await messageOf(each, given)).toMatch(
        /^options: expected an object with the options of .*, got .*; write \{/,
      );
      expect(await messageOf(each, given)).toContain(`of ${user}()`);
    }
  });

  it.each(CASES.filter(({ each }) => !each.refusesOnly))('$name: undefined is as good as none', async ({ each }) => {
    const names = await namesOf(each);
    const base = each.base ?? {};
    const options = { ...Object.fromEntries(names.map((name) => [name, undefined])), ...base };
    const made = await each.call(options as never);
    await each.close?.(made as never);
  });

  it('say what a bare value may have meant', () => {
    expect(() => OPTIONS.consoleSink!.call('table' as never)).toThrow(
      'options: expected an object with the options of consoleSink(), got "table"; write { style: "table" }, say',
    );
    expect(() => OPTIONS.csvSink!.call('long' as never)).toThrow('write { layout: "long" }, say');
    expect(() => OPTIONS.throughput!.call(5 as never)).toThrow('got 5; write { window: 5 }, say');
  });
});

describe('options within options', () => {
  it.each(SCHEDULER_TYPES)('of the schedule %s', (type) => {
    const settings = { learningRate: 1, warmupSteps: 0, trainingSteps: 10, options: { zzzz: 1 } as never };
    expect(() => createScheduler(type, settings)).toThrow(
      new RegExp(`^zzzz: expected one of the options \\(lrSchedulerKwargs\\) of ${type}, .+; got "zzzz"`),
    );
  });

  it('of a plan and of handlers', () => {
    expect(() => observe({ w: [1] }, { plan: { epochs: 3 } as never })).toThrow(
      'epochs: expected one of the parts of a plan of observe(), numEpochs, stepsPerEpoch, initialEpoch; got "epochs"',
    );
    expect(() => observe({ w: [1] }, { handlers: { saved: () => {} } as never })).toThrow(
      'saved: expected one of the handlers of observe(), save, rollback, evaluate; got "saved"; did you mean "save"?',
    );
    // An object of a class has what it has.
    class Loop {
      steps = 0;
      readonly save = () => `checkpoint-${this.steps}`;
    }
    expect(() => observe({ w: [1] }, { handlers: new Loop() })).not.toThrow();
  });

  it('of the arguments of a training', () => {
    const model = { parameters: () => [], forward: () => null as never };
    expect(() => new Trainer({ model, args: { learningrate: 1 } as never })).toThrow('did you mean "learningRate"?');
    expect(() => new Trainer({ model, args: 'fast' as never })).toThrow(
      'args: expected an object of TrainingArguments, got "fast"',
    );
  });

  it('of a rule and of a sink', () => {
    const rule = { name: 'rule', severity: 'info', start: () => ({}), judge: () => [] } as const;
    expect(() => createRule({ ...rule, patiense: 3 } as never)).toThrow('did you mean "patience"?');
    expect(() => createSink('sink', { takes: () => {} } as never)).toThrow(
      'take: expected a function of each value, got undefined',
    );
    expect(() => createSink('sink', { take: () => {}, end: 3 } as never)).toThrow('end: expected a function, got 3');
    expect(() => createSink('sink', undefined as never)).toThrow('take: expected a function');
  });
});

describe('checkOptions', () => {
  it('takes no option from a prototype for one of its own', () => {
    expect(() => checkOptions('factory', { toString: 1 } as object, {})).toThrow(
      'toString: expected one of the options of factory(), of which there are none; got "toString"',
    );
  });
});

describe('nearestHint', () => {
  it.each([
    ['stats', 'statistics'],
    ['hist', 'histograms'],
    ['layot', 'layout'],
    ['learning_rate', 'learningRate'],
  ])('%s is meant for %s', (given, meant) => {
    const candidates = ['when', 'layout', 'learningRate', 'statistics', 'histograms'];
    expect(nearestHint(given, candidates)).toBe(`; did you mean "${meant}"?`);
  });

  it('says nothing where nothing is near', () => {
    expect(nearestHint('endpoint', ['url', 'port', 'exporter'])).toBe('');
    expect(nearestHint(3, ['url'])).toBe('');
  });
});
