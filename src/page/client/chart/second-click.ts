/** The two clicks of a double click are no further apart than this. */
const WITHIN_MS = 500;
const WITHIN_PIXELS = 4;

/** Act on the second click of a double click, whatever is under the pointer by then: what the first did may move the page. */
export function onSecondClick(first: MouseEvent, act: () => void): void {
  const listen = (click: MouseEvent) => {
    const distance = Math.hypot(click.clientX - first.clientX, click.clientY - first.clientY);
    const isSoon = click.detail > 1 || click.timeStamp - first.timeStamp < WITHIN_MS;
    if (click.detail === 0 || distance > WITHIN_PIXELS || !isSoon) return;
    click.preventDefault();
    click.stopImmediatePropagation();
    act();
  };
  addEventListener('click', listen, { capture: true, once: true });
}
