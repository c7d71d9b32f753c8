import { DAY } from './ticks.js';

/** Time that has passed: 340 ms, 7.2 s, 1:30, 1:02:00, 3 d 4 h. On an axis as short as its step lets it be: 0:07. */
export function elapsed(ms: number, step = 0): string {
  if (Math.abs(ms) < 1000 && (step === 0 || step < 1000)) return ms === 0 ? '0' : `${Number(ms.toPrecision(3))} ms`;
  if (step === 0 && Math.abs(ms) < 60_000) return `${Number((ms / 1000).toPrecision(3))} s`;
  const seconds = step > 0 && step < 1000 ? Number((ms / 1000).toFixed(3)) : Math.round(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = seconds % 60;
  const shown = Number.isInteger(rest) ? two(rest) : rest.toFixed(3).replace(/0+$/, '').padStart(4, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(Math.floor(rest))}` : `${minutes}:${shown}`;
}

/** The time of day where the page is looked at. */
export function clockTime(time: number, seconds = false): string {
  const form: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  return new Date(time).toLocaleTimeString('en', seconds ? { ...form, second: '2-digit' } : form);
}

export function dayOf(time: number): string {
  const date = new Date(time);
  const year = Date.now() - time > 300 * DAY ? ({ year: 'numeric' } as const) : {};
  return date.toLocaleDateString('en', { month: 'short', day: 'numeric', ...year });
}
