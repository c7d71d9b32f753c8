/** `--quick`: see whether a benchmark runs, in seconds and on little data. Its figures mean nothing and are not kept. */
export const quick = process.argv.includes('--quick');
