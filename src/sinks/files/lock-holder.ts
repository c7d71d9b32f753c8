import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, so that another one can tell later whether it still runs. */
export interface Holder {
  readonly pid: number;
  /** When it began, as the system counts; a number of another process that got the same pid differs. */
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

/** This process. */
export function thisProcess(): Holder {
  self ??= {
    pid: process.pid,
    started: startedAt(process.pid) ?? '',
    host: hostname(),
    boot: textOf('/proc/sys/kernel/random/boot_id') ?? '',
    pids: linkOf('/proc/self/ns/pid') ?? '',
  };
  return self;
}

/** Whether a process still runs. */
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
  const started = startedAt(holder.pid);
  const same = started === undefined || holder.started === '' || started === holder.started;
  return same ? 'runs' : 'gone';
}

/** The holder that a text names, if it names one. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder;
    const right =
      Number.isSafeInteger(holder.pid) && [holder.started, holder.host, holder.boot, holder.pids].every(isText);
    return right ? holder : undefined;
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): boolean => typeof value === 'string';

/** Undefined where the system does not say, and for a process that is dead and only not yet waited for. */
function startedAt(pid: number): string | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  // The name of the program, in brackets, may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!fields) return undefined;
  return fields[0] === 'Z' ? 'dead' : fields[19];
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
