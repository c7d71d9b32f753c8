/**
 * Let others have the thread. The timers of a hidden page wait for a second, and later for a minute: there, and in a worker,
 * which does not know, a message does it.
 */
export function nextTask(): Promise<void> {
  const isSlow = typeof document === 'undefined' ? 'WorkerGlobalScope' in globalThis : document.hidden;
  return new Promise(isSlow ? afterMessage : (resolve) => setTimeout(resolve));
}

function afterMessage(then: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    then();
  };
  port2.postMessage(undefined);
}
