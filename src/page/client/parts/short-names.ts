const DOTS = '…';

/**
 * The names with at most `length` characters each (2 at least). What is too long is cut in the middle, so that names
 * that are listed together can still be told apart: what differs between those that would look the same is kept.
 */
export function shortNames(names: readonly string[], length: number): string[] {
  const all = names.map((name) => [...name]);
  const usual = all.map((characters) => cut(characters, length));
  const long = [...all.keys()].filter((i) => all[i]!.length > length);
  if (long.length < 2 || isTold(names, usual)) return usual;
  const byLook = groupsOf(long, (i) => usual[i]!).filter((group) => new Set(group.map((i) => names[i])).size > 1);
  const byGroup = [...usual];
  for (const group of byLook) cutApart(group, all, length, byGroup);
  if (isTold(names, byGroup)) return byGroup;
  const together = [...usual];
  cutApart(long, all, length, together);
  return isTold(names, together) ? together : byGroup;
}

/** At most `length` characters: the end tells more than the beginning, which gets what there is room for. */
function cut(characters: readonly string[], length: number): string {
  if (characters.length <= length) return characters.join('');
  const head = length < 24 ? 0 : Math.floor((length - 1) * 0.35);
  return [...characters.slice(0, head), DOTS, ...characters.slice(characters.length - (length - 1 - head))].join('');
}

/** Whether names that differ look different. */
function isTold(names: readonly string[], shown: readonly string[]): boolean {
  return new Set(shown).size === new Set(names).size;
}

function groupsOf<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}

/** Cut the names of a group so that what they do not have in common at either end is kept. */
function cutApart(group: readonly number[], all: readonly (readonly string[])[], length: number, into: string[]): void {
  const members = group.map((i) => all[i]!);
  const shortest = Math.min(...members.map((member) => member.length));
  const head = common(members, shortest, (member, i) => member[i]!);
  const tail = common(members, shortest - head, (member, i) => member[member.length - 1 - i]!);
  for (const i of group) into[i] = around(all[i]!, head, all[i]!.length - tail, length);
}

function common(
  members: readonly (readonly string[])[],
  most: number,
  characterOf: (member: readonly string[], i: number) => string,
): number {
  let count = 0;
  while (count < most && members.every((member) => characterOf(member, count) === characterOf(members[0]!, count))) {
    count++;
  }
  return count;
}

/** What is from `from` to `to`, with as much around it as there is room for: the end of the name first. */
function around(characters: readonly string[], from: number, to: number, length: number): string {
  const marks = (from > 0 ? 1 : 0) + (to < characters.length ? 1 : 0);
  const room = length - marks - (to - from);
  if (room < 0) return `${DOTS}${cut(characters.slice(from, to), length - 1)}`;
  const atEnd = characters.length - (length - 1);
  if (atEnd <= from) return `${DOTS}${characters.slice(atEnd).join('')}`;
  const tail = Math.floor(room * 0.6);
  const begin = Math.max(0, from - (room - tail));
  const before = characters.slice(begin, to).join('');
  return `${begin > 0 ? DOTS : ''}${before}${DOTS}${characters.slice(characters.length - tail).join('')}`;
}

/** The same, worked out anew only for another list or another length: with some thousands it takes its time. */
export class KeptShortNames {
  #of: readonly string[] = [];
  #length = 0;
  #short: readonly string[] = [];

  of(names: readonly string[], length: number): readonly string[] {
    if (names !== this.#of || length !== this.#length) {
      this.#of = names;
      this.#length = length;
      this.#short = shortNames(names, length);
    }
    return this.#short;
  }
}
