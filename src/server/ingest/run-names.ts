/** Bytes: a file's name has at most 255, and more may be put to it. */
const LONGEST = 150;

/** A name of a run that is safe in a path, since whoever takes runs writes files by their names. */
export function safeName(name: string): string {
  const safe = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{N} ._+=@-]/gu, '-')
    .replace(/^[. -]+|[. ]+$/g, '');
  return shortened(safe) || 'run';
}

function shortened(name: string): string {
  let kept = '';
  for (const character of name) {
    if (Buffer.byteLength(kept + character) > LONGEST) break;
    kept += character;
  }
  return kept.trimEnd();
}

/** The name, or the first of `name-2`, `name-3`, … that is free. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = name;
  for (let nth = 2; isTaken(free); nth++) free = `${name}-${nth}`;
  return free;
}
