/** A name for a file of runs: of one run its own, without what file systems do not take. */
export function fileName(runs: ReadonlySet<string>): string {
  const [run = 'run'] = runs;
  return runs.size > 1 ? 'runs' : run.replaceAll(/[^\p{L}\p{N}._ -]+/gu, '-').replace(/^\.+/, '') || 'run';
}
