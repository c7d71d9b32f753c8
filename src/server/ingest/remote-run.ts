import { type Observable, Subject } from 'rxjs';
import type {
  Activations,
  ParameterValues,
  SessionRecord,
  StepEndEvent,
  TrainEndEvent,
  TrainingEvent,
} from '../../events/index.js';
import {
  type AnyParameterUpdates,
  type JoinedSums,
  LiveParameters,
  type Measurement,
  measuredParameters,
  measurementOfSums,
  sumsParameters,
  updatesOfStep,
} from '../../parameters/index.js';
import { type OrderedRecord, RankSteps, type RecordOfStep, StepJoiner, type StepOfRanks } from '../../records/index.js';
import { BaseRun, OpenRun, type Run, type RunOptions } from '../../run/index.js';
import { LostRecords } from './lost-records.js';
import { RemoteCommands } from './remote-commands.js';

/** A run of another process, or of several that train one model together. */
export interface RemoteRun extends Run {
  /** How many processes train the model together. */
  readonly workers: number;
  /** The program that sends, and its version, where it says so. */
  readonly client: string | undefined;
  /** Whether it goes on with a run of the same name that had ended, or that was not heard of. */
  readonly resumed: boolean;
  /** The ranks that are there. */
  readonly ranks: readonly number[];
  /** The sessions of the processes that have sent of it: docs/wire.md. */
  readonly sessions: readonly string[];
  /**
   * Each update, right after its `step-end`, with every statistic and histogram that was sent. `parameterUpdates()` gives
   * those that are asked for.
   */
  readonly updates$: Observable<AnyParameterUpdates>;
  /** What else was looked at there, as it was sent: values of parameters, activations. */
  readonly looks$: Observable<ParameterValues | Activations>;
}

export interface IngestedRunOptions extends RunOptions {
  readonly run: string;
  readonly session: SessionRecord;
  readonly resumed: boolean;
  /** Milliseconds for which a step waits for the ranks that have not told of it. */
  readonly waitMs: number;
  /** Called when the run has ended. */
  readonly onEnd: () => void;
}

/** Ranks that wait for each other do a command at the same step: one that all will have heard of it before. */
const HEARD_WITHIN_MS = 3_000;
const LEAST_LEAD = 4;
/** How many steps say how fast a run goes. */
const PACE_STEPS = 20;

/** A run, from the server's side: what is sent goes in here. */
export class IngestedRun extends BaseRun implements RemoteRun {
  readonly workers: number;
  readonly client: string | undefined;
  readonly resumed: boolean;
  readonly launch: string | undefined;
  readonly commands = new RemoteCommands();
  readonly #open: OpenRun;
  readonly #steps: RankSteps;
  readonly #joiner: StepJoiner;
  readonly #lost: LostRecords;
  readonly #sessions = new Set<string>();
  readonly #updates$ = new Subject<AnyParameterUpdates>();
  readonly updates$: Observable<AnyParameterUpdates>;
  readonly #looks$ = new Subject<ParameterValues | Activations>();
  readonly looks$: Observable<ParameterValues | Activations>;
  #maxSteps: number | undefined;
  readonly #onEnd: () => void;
  #timer: NodeJS.Timeout | undefined;
  #stopRequested = false;
  #epoch = 0;
  /** When the last steps ended, by the clock of the process that trains. */
  readonly #endedAt: number[] = [];
  #ended = false;

  constructor({ session, resumed, waitMs, onEnd, ...options }: IngestedRunOptions) {
    const open = new OpenRun(options, (request) => {
      if (request.command.kind === 'stop') this.#stopRequested = true;
      return this.commands.ask(request, this.ranks, this.#meetingStep());
    });
    super(open);
    this.#open = open;
    this.workers = session.world;
    this.#joiner = new StepJoiner(session.world);
    this.client = session.client;
    this.launch = session.launch;
    this.resumed = resumed;
    this.#onEnd = onEnd;
    this.#sessions.add(session.session);
    this.updates$ = this.supervise(this.#updates$);
    this.looks$ = this.supervise(this.#looks$);
    this.#lost = new LostRecords((alert) => open.bus.publish(alert));
    this.#steps = new RankSteps(
      { world: session.world, waitMs },
      { step: (step) => this.#publishStep(step), record: (record) => this.#takeOrdered(record) },
    );
  }

  get stopRequested(): boolean {
    return this.#stopRequested;
  }

  get ranks(): readonly number[] {
    return [...this.#steps.present].sort((a, b) => a - b);
  }

  /** Whether its end has been told. */
  get ended(): boolean {
    return this.#ended;
  }

  get sessions(): readonly string[] {
    return [...this.#sessions];
  }

  join({ rank, session }: SessionRecord, step: number): void {
    this.#sessions.add(session);
    this.commands.leave(rank);
    this.#steps.join(rank, step, performance.now());
    this.#wait();
  }

  /** A rank was not heard of any more. With the last one the run has ended. */
  leave(rank: number, why: string): void {
    this.commands.leave(rank);
    this.#steps.leave(rank, performance.now());
    if (this.#ended || this.#steps.present.size > 0) return;
    this.#end({ type: 'train-end', status: 'failed', reason: why } as TrainEndEvent);
  }

  take(rank: number, record: RecordOfStep): void {
    if (this.#ended) return;
    this.#steps.take(rank, record, performance.now());
    this.#wait();
  }

  /** Records that were sent, or should have been, and are not there. */
  lose(count: number, why: string): void {
    this.#lost.add(count, why);
  }

  async close() {
    clearTimeout(this.#timer);
    this.commands.refuseAll('the run has ended');
    this.#onEnd();
    this.#updates$.complete();
    this.#looks$.complete();
    return await this.#open.close();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const ms = this.#ended ? undefined : this.#steps.pump(performance.now());
    if (ms === undefined) return;
    this.#timer = setTimeout(() => this.#wait(), ms + 1);
    this.#timer.unref();
  }

  /** The step at which all ranks do what is asked: later than they can be when they hear of it. One alone does it at once. */
  #meetingStep(): number | undefined {
    if (this.workers === 1) return undefined;
    const [first, last] = [this.#endedAt[0] ?? 0, this.#endedAt.at(-1) ?? 0];
    // Its duration does not say it: what a loop does between two steps takes time, too.
    const stepMs = (last - first) / (this.#endedAt.length - 1);
    const lead = stepMs > 0 ? Math.ceil(HEARD_WITHIN_MS / stepMs) : 0;
    return this.#steps.newest + Math.max(LEAST_LEAD, lead);
  }

  #takeOrdered(record: OrderedRecord): void {
    if (record.type === 'parameter-values' || record.type === 'activations') {
      this.#looks$.next({ ...record, run: this.run });
    } else this.#publish(record);
  }

  #publish(event: TrainingEvent): void {
    if (event.type === 'train-end') this.#end(event);
    else {
      this.#moveTo(event);
      if (event.type === 'train-begin') this.#maxSteps = event.maxSteps;
      const { run: _, ...rest } = event;
      const world = event.type === 'train-begin' && this.workers > 1 ? { world: this.workers } : undefined;
      this.#open.bus.publish({ ...rest, ...world });
    }
  }

  #end({ run: _, ...end }: TrainEndEvent): void {
    this.#lost.end();
    this.commands.refuseAll('the run has ended');
    this.#ended = true;
    this.#open.bus.publish(end);
    void this.close();
  }

  #moveTo({ step, epoch }: { readonly step: number; readonly epoch: number }): void {
    this.#open.bus.step = step;
    this.#open.bus.epoch = epoch;
    this.#epoch = epoch;
  }

  #publishUpdate(time: number, joined: JoinedSums, updates: AnyParameterUpdates | undefined): void {
    const { bus } = this.#open;
    const live = new LiveParameters(sumsParameters(joined));
    const parameters = updates ? measuredParameters(updates) : live.handle;
    bus.publish({ type: 'pre-optimizer-step', time, parameters });
    live.advance();
    bus.publish({ type: 'optimizer-step', time, parameters });
    live.release();
  }

  #publishStep(told: StepOfRanks): void {
    const { bus } = this.#open;
    const { joined, ranks, end: lastly, updates } = this.#joiner.join(told);
    const { step } = told;
    const { run: _, ...end } = lastly;
    this.#moveTo({ step: step - 1, epoch: this.#epoch });
    bus.publish({ type: 'step-begin', time: end.time - end.durationMs || end.time });
    this.#publishUpdate(end.time, joined, updates);
    this.#moveTo({ step, epoch: end.epoch });
    this.#endedAt.push(end.time);
    if (this.#endedAt.length > PACE_STEPS) this.#endedAt.shift();
    if (ranks) bus.publish({ type: 'ranks', time: end.time, ...ranks });
    bus.publish(end);
    // What it takes here is no time of the loop's.
    bus.ledger.take();
    if (this.#updates$.observed) this.#tellUpdates(lastly, updates ?? measurementOfSums(joined));
  }

  #tellUpdates(end: StepEndEvent, measurement: Measurement<never>): void {
    // Nothing of this step was measured.
    if (measurement.names.length === 0) return;
    this.#updates$.next(updatesOfStep<never>({ ...end, run: this.run, maxSteps: this.#maxSteps }, measurement));
  }
}
