/** Let others have the thread. A hidden page's timers wait for a second, and later for a minute: its messages do not. */
export function nextTask(): Promise<void> {
  const isHidden = typeof document !== 'undefined' && document.hidden;
  return new Promise(isHidden ? afterMessage : (resolve) => setTimeout(resolve));
}

function afterMessage(then: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    then();
  };
  port2.postMessage(undefined);
}
