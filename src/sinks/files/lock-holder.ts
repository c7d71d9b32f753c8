import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A thread of a process, so that another one can tell later whether it still runs. */
export interface Holder {
  readonly pid: number;
  /** The system's number of the thread, where the system tells; a worker may end before its process does. */
  readonly thread?: string;
  /** When it began, as the system counts; a number of another one that got the same number differs. */
  readonly started: string;
  readonly host: string;
  /** Since when the machine is up. */
  readonly boot: string;
  /** Where its pid means something: containers count their own. */
  readonly pids: string;
}

/** `elsewhere`: on another machine or in another container, where its pid says nothing. */
export type HolderState = 'runs' | 'gone' | 'elsewhere';

let self: Holder | undefined;

/** This thread of this process. */
export function thisProcess(): Holder {
  if (self) return self;
  const thread = linkOf('/proc/thread-self')?.split('/').at(-1);
  self = {
    pid: process.pid,
    ...(thread !== undefined && { thread }),
    started: startedAt(process.pid, thread) ?? '',
    host: hostname(),
    boot: textOf('/proc/sys/kernel/random/boot_id') ?? '',
    pids: linkOf('/proc/self/ns/pid') ?? '',
  };
  return self;
}

/** Whether the thread of a process still runs. */
export function stateOf(holder: Holder): HolderState {
  const here = thisProcess();
  // The machine has been started anew since.
  if (holder.host === here.host && holder.boot !== here.boot) return 'gone';
  if (holder.host !== here.host || holder.pids !== here.pids) return 'elsewhere';
  try {
    process.kill(holder.pid, 0);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return 'gone';
  }
  const started = startedAt(holder.pid, holder.thread);
  // The system may keep the processes of other users to itself.
  if (started === undefined) return startedAt(holder.pid) === undefined ? 'runs' : 'gone';
  return holder.started === '' || started === holder.started ? 'runs' : 'gone';
}

/** The holder that a text names, if it names one. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder;
    const right =
      Number.isSafeInteger(holder.pid) &&
      [holder.thread ?? '', holder.started, holder.host, holder.boot, holder.pids].every(isText);
    return right ? holder : undefined;
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): boolean => typeof value === 'string';

/** Undefined where the system does not say; `dead` for one that is, and is not yet gone. */
function startedAt(pid: number, thread?: string): string | undefined {
  const stat = textOf(thread === undefined ? `/proc/${pid}/stat` : `/proc/${pid}/task/${thread}/stat`);
  // The name of the program, in brackets, may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!fields) return undefined;
  return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : fields[19];
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function linkOf(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}
