/** Names that Prometheus, the exporters or a Collector write themselves. */
const RESERVED = new Set(['le', 'quantile', 'job', 'instance']);
const RESERVED_PREFIX = /^(otel|service|telemetry|host|process|exported)_/;

/** What a user may tag a run with. */
export type RunTags = Readonly<Record<string, string | number | boolean>>;

/**
 * The same tags under names that mean the same in every system: letters, digits and single underscores, beginning with a
 * letter. Names that would become one get a number (`a.b`, `a_b` → `a_b`, `a_b2`), names that others write (`le`, `job`,
 * `service.name`, whatever begins with the root) get `tag_` in front. Two labels that become one would fail a whole
 * scrape.
 *
 * @example
 * ```ts
 * import { cleanTags } from 'trainscope/otel';
 *
 * console.log(cleanTags({ 'git.branch': 'main', le: 1 })); // { git_branch: 'main', tag_le: '1' }
 * ```
 */
export function cleanTags(tags: RunTags, root = 'ml'): Record<string, string> {
  const clean = new Map<string, string>();
  for (const [name, value] of Object.entries(tags)) clean.set(freeName(cleanName(name, root), clean), String(value));
  return Object.fromEntries(clean);
}

function cleanName(name: string, root: string): string {
  const label = name.replace(/[^a-z0-9]+/gi, '_').replace(/^_|_$/g, '');
  const rootLabel = root.replace(/[^a-z0-9]+/gi, '_');
  const taken = RESERVED.has(label) || RESERVED_PREFIX.test(label) || label.startsWith(`${rootLabel}_`);
  return taken || !/^[a-z]/i.test(label) ? `tag_${label}`.replace(/_$/, '') : label;
}

function freeName(name: string, taken: ReadonlyMap<string, string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) if (!taken.has(`${name}${number}`)) return `${name}${number}`;
}
