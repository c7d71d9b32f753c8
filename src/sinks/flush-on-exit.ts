const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

const flushers = new Set<() => void>();

/**
 * Call `flush` when the process is about to end: on exit, SIGINT or SIGTERM. It must not wait for anything. A signal
 * that nobody else handles then ends the process as it would have. Returns what takes `flush` off again.
 *
 * One set of handlers serves every file, and is there only while a file is open.
 */
export function flushOnExit(flush: () => void): () => void {
  if (flushers.size === 0) install();
  flushers.add(flush);
  return () => {
    if (flushers.delete(flush) && flushers.size === 0) uninstall();
  };
}

function install(): void {
  process.on('exit', flushAll);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function uninstall(): void {
  process.removeListener('exit', flushAll);
  for (const signal of SIGNALS) process.removeListener(signal, onSignal);
}

function onSignal(signal: NodeJS.Signals): void {
  flushAll();
  if (process.listenerCount(signal) > 1) return;
  uninstall();
  process.kill(process.pid, signal);
}

function flushAll(): void {
  for (const flush of flushers) {
    try {
      flush();
    } catch {
      // The others are still to be written, and there is no one left to tell.
    }
  }
}
