import type { Observable } from 'rxjs';
import type { AnyParameterUpdates, Run, RunOptions, RunRecord } from 'trainscope';
import type { TrainingArguments } from 'trainscope/trainer';

/** Where a training comes from. Each fault comes to all of them, unless it says otherwise. */
export const SOURCES = ['arrays', 'TensorFlow.js', 'Trainer'] as const;
export type SourceName = (typeof SOURCES)[number];

/** How many updates each training makes. */
export const STEPS = 12;

/** What a training is made with. */
export interface Setting extends Omit<RunOptions, 'onSinkError'> {
  /** Of the two parameters. Default: `linear.weight` and `linear.bias`. */
  readonly names?: readonly [string, string];
  /** Of a Trainer. */
  readonly args?: TrainingArguments;
}

/** A training under way, for a fault to come to it. */
export interface Scene {
  readonly source: SourceName;
  readonly run: Run;
  readonly updates$: Observable<AnyParameterUpdates>;
  /** Events and updates together, as a recording has them. */
  readonly records$: Observable<RunRecord>;
  /** A folder of the scene's own, which is gone afterwards. */
  readonly folder: string;
  /** What was said so far of what goes wrong. */
  readonly told: readonly string[];
  /** Note something that was said. */
  tell(text: string): void;
  /** Do what may be refused at once: the refusal is something said. */
  attempt(work: () => unknown): void;
  /** In the loop, between this step and the next. */
  afterStep(step: number, work: () => unknown): void;
  /** When the training has ended and the run is closed, the last first. */
  afterwards(work: () => unknown): void;
}

/** A process of its own, where a fault is of the whole process. */
export interface Surroundings {
  /** What becomes of its standard output. */
  readonly stdout?: 'never read' | 'closed';
  /** Files that it may have open. */
  readonly openFiles?: number;
}

/** Something that goes wrong while a training goes on. */
export interface Fault {
  /** What it happens to: a heading of the table. */
  readonly kind: string;
  readonly fault: string;
  /** With which sink, say. */
  readonly variant?: string;
  /** What is expected besides what every training keeps to: all its steps, its weights, its tensors. */
  readonly expected: string;
  /** What has to be said: everything that is said, and at least one thing. Without it nothing may be said. */
  readonly told?: RegExp;
  /** What may be said, but need not be. */
  readonly mayTell?: RegExp;
  /** Default: all of them. */
  readonly on?: readonly SourceName[];
  readonly setting?: Setting | ((folder: string) => Setting);
  readonly apart?: Surroundings;
  /** Why it cannot come about on this machine, if so. */
  readonly needs?: string | undefined;
  /** Prepare it, before the first step. */
  inject(scene: Scene): unknown;
  /** What else has to hold when the run is closed. @throws where it does not. */
  check?(scene: Scene): unknown;
}

/** What a row is called, and found by. */
export function titleOf({ kind, fault, variant }: Fault): string {
  return `${kind}: ${fault}${variant === undefined ? '' : ` (${variant})`}`;
}
