import type { ShownSubject } from '../../history/latest-updates.js';
import type { MarkKind } from '../../history/marks.js';
import type { ThemeName } from './place.js';

/** What the horizontal axes say: steps, epochs, time since the run began, or the time of day. */
export const AXES = ['step', 'epoch', 'relative', 'wall'] as const;
export type Axis = (typeof AXES)[number];

/** How the rows of a table are sorted: by which of its columns, and which way. */
export interface Sorting {
  readonly by: string;
  readonly descending: boolean;
}

/** All that a person has chosen of what is seen; the address of the page says it, so that a reload or a friend sees the same. */
export interface Choices {
  /** Runs that are not shown. */
  readonly hidden: readonly string[];
  /** The run whose parameters are shown; without, of those that go on the one that began last. */
  readonly focus: string | undefined;
  /** The zoomed range of steps, the first and the last. */
  readonly range: readonly [number, number] | undefined;
  readonly axis: Axis;
  /** The weight of what was before in a moving average, 0 (none) to below 1. */
  readonly smoothing: number;
  /** Whether vertical axes leave out the most extreme values. */
  readonly withoutOutliers: boolean;
  /** Charts, by their titles, whose vertical scale is the other one than theirs at first. */
  readonly otherScale: readonly string[];
  /** Kinds of marks that are not drawn. */
  readonly hiddenMarks: readonly MarkKind[];
  /** The chart, by its title, that fills the window. */
  readonly enlarged: string | undefined;
  /** Parameters whose norms are shown; without, the largest. */
  readonly parameters: readonly string[] | undefined;
  /** The parameter or layer whose own page is open. */
  readonly parameter: string | undefined;
  /** What is searched for among the parameters. */
  readonly search: string | undefined;
  /** The step that is pointed out on every chart. */
  readonly moment: number | undefined;
  /** Whether the update ratios are those of single parameters, not of layers. */
  readonly ratiosOfParameters: boolean;
  /** What the histograms are of; without, whatever comes first. */
  readonly histogramSubject: ShownSubject | undefined;
  readonly histogramOf: string | undefined;
  readonly moversSorting: Sorting | undefined;
  readonly deadFirst: boolean;
  /** Whether the table of runs is open, and what it shows. */
  readonly runsTable: boolean;
  readonly runsSorting: Sorting | undefined;
  readonly runsFilter: string | undefined;
  /** The setting by whose values runs are grouped. */
  readonly runsGroup: string | undefined;
  /** Whether settings are listed that all runs have in common. */
  readonly commonSettings: boolean;
  /** Whether the list of runs has all settings that differ; without, the first of them. */
  readonly allSettings: boolean;
  /** The metric that settings are drawn against. */
  readonly runsMetric: string | undefined;
  readonly theme: ThemeName | undefined;
}

/** A choice as the values that the address gives one name; undefined where they say nothing that can be chosen. */
interface Codec<T> {
  readonly usual: T;
  read(texts: readonly string[]): T | undefined;
  /** As many texts as there are. */
  write(value: T): readonly string[];
}

/** What histograms may be of, in the order in which they are offered. */
export const SUBJECTS: readonly ShownSubject[] = ['weight', 'update', 'gradient', 'activation'];

export const MARK_KINDS = [
  'alert',
  'control',
  'save',
  'epoch',
  'resumed',
  'sink-error',
  'stopped',
  'failed',
] as const satisfies readonly MarkKind[];

const names: Codec<readonly string[]> = {
  usual: [],
  read: (texts) => texts,
  write: (value) => value,
};

const name: Codec<string | undefined> = {
  usual: undefined,
  read: ([text]) => text,
  write: (value) => (value === undefined ? [] : [value]),
};

const flag: Codec<boolean> = {
  usual: false,
  read: ([text]) => text === '',
  write: (value) => (value ? [''] : []),
};

function oneOf<T extends string>(all: readonly T[]): Codec<T | undefined> {
  return {
    usual: undefined,
    read: ([text]) => all.find((each) => each === text),
    write: (value) => (value === undefined ? [] : [value]),
  };
}

const range: Codec<readonly [number, number] | undefined> = {
  usual: undefined,
  read([text = '']) {
    const [, from, to] = /^(\d{1,15})-(\d{1,15})$/.exec(text)?.map(Number) ?? [];
    return from !== undefined && to !== undefined && from < to ? [from, to] : undefined;
  },
  write: (value) => (value ? [`${value[0]}-${value[1]}`] : []),
};

const step: Codec<number | undefined> = {
  usual: undefined,
  read: ([text = '']) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined),
  write: (value) => (value === undefined ? [] : [String(value)]),
};

/** The column behind `+` or `-`. */
const sorting: Codec<Sorting | undefined> = {
  usual: undefined,
  read: ([text = '']) => (/^[+-]./su.test(text) ? { by: text.slice(1), descending: text[0] === '-' } : undefined),
  write: (value) => (value ? [`${value.descending ? '-' : '+'}${value.by}`] : []),
};

const share: Codec<number> = {
  usual: 0,
  read: ([text = '']) => (Number(text) >= 0 && Number(text) < 1 ? Number(text) : undefined),
  write: (value) => [String(value)],
};

const markKinds: Codec<readonly MarkKind[]> = {
  usual: [],
  read: (texts) => MARK_KINDS.filter((kind) => texts.includes(kind)),
  write: (value) => value,
};

/** An empty list of parameters is another choice than none made. */
const parameters: Codec<readonly string[] | undefined> = {
  usual: undefined,
  read: (texts) => texts.filter((text) => text !== ''),
  write: (value) => (value?.length === 0 ? [''] : (value ?? [])),
};

const CODECS: { readonly [K in keyof Choices]: Codec<Choices[K]> } = {
  hidden: names,
  focus: name,
  range,
  axis: { ...oneOf(AXES), usual: 'step' } as Codec<Axis>,
  smoothing: share,
  withoutOutliers: flag,
  otherScale: names,
  hiddenMarks: markKinds,
  enlarged: name,
  parameters,
  parameter: name,
  search: name,
  moment: step,
  ratiosOfParameters: flag,
  histogramSubject: oneOf(SUBJECTS),
  histogramOf: name,
  moversSorting: sorting,
  deadFirst: flag,
  runsTable: flag,
  runsSorting: sorting,
  runsFilter: name,
  runsGroup: name,
  commonSettings: flag,
  allSettings: flag,
  runsMetric: name,
  theme: oneOf<ThemeName>(['light', 'dark']),
};

const KEYS = Object.keys(CODECS) as (keyof Choices)[];

/** What is seen before anything was chosen. */
export const USUAL_CHOICES = Object.fromEntries(KEYS.map((key) => [key, CODECS[key].usual])) as unknown as Choices;

/** The choices that an address says; what it does not say, or says wrong, is as usual. */
export function readChoices(address: string): Choices {
  const said = new URLSearchParams(address);
  const read = (key: keyof Choices) => (said.has(key) ? CODECS[key].read(said.getAll(key)) : undefined);
  return Object.fromEntries(KEYS.map((key) => [key, read(key) ?? CODECS[key].usual])) as unknown as Choices;
}

/** The address that says these choices: what is as usual is left out. */
export function writeChoices(choices: Choices): string {
  const said = KEYS.flatMap((key) => {
    const { usual, write } = CODECS[key] as Codec<unknown>;
    const texts = write(choices[key]);
    return areEqual(texts, write(usual)) ? [] : texts.map((text) => [key, text]);
  });
  return new URLSearchParams(said).toString();
}

function areEqual(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((text, i) => text === others[i]);
}
