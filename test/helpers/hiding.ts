/**
 * A script for a page, run before its own: `hidePage()` and `showPage()`. A headless Chromium has no window that could be
 * hidden, so this does what one does then: the document says so, no frame comes, and timers wait for a second at least.
 * `whileHidden` counts what was asked for meanwhile: timers that came later than they should have, and frames.
 * `onFrameAsked` is called whenever somebody asks for a frame, where it is set.
 */
export const HIDING = `(() => {
  const { setTimeout, requestAnimationFrame, cancelAnimationFrame } = globalThis;
  let isHidden = false;
  const frames = new Map();
  let id = -1;
  globalThis.whileHidden = { timers: 0, frames: 0 };
  const get = (value) => ({ configurable: true, get: value });
  Object.defineProperty(document, 'hidden', get(() => isHidden));
  Object.defineProperty(document, 'visibilityState', get(() => (isHidden ? 'hidden' : 'visible')));
  globalThis.setTimeout = (work, ms = 0, ...given) => {
    if (isHidden && ms < 1000) whileHidden.timers++;
    return setTimeout(work, isHidden ? Math.max(1000, ms) : ms, ...given);
  };
  globalThis.requestAnimationFrame = (work) => {
    globalThis.onFrameAsked?.();
    if (!isHidden) return requestAnimationFrame((time) => (isHidden ? frames.set(--id, work) : work(time)));
    whileHidden.frames++;
    frames.set(--id, work);
    return id;
  };
  globalThis.cancelAnimationFrame = (which) => (which < 0 ? frames.delete(which) : cancelAnimationFrame(which));
  const change = (hidden) => {
    isHidden = hidden;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  globalThis.hidePage = () => change(true);
  globalThis.showPage = () => {
    change(false);
    for (const work of frames.values()) requestAnimationFrame(work);
    frames.clear();
  };
})()`;
