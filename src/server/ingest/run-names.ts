const LONGEST = 100;

/** A name of a run that is safe in a path, since whoever takes runs writes files by their names. */
export function safeName(name: string): string {
  const safe = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{N} ._+=@-]/gu, '-')
    .replace(/^[. -]+|[. ]+$/g, '');
  return [...safe].slice(0, LONGEST).join('') || 'run';
}

/** The name, or the first of `name-2`, `name-3`, … that is free. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = name;
  for (let nth = 2; isTaken(free); nth++) free = `${name}-${nth}`;
  return free;
}
