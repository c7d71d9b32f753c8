const OF_THE_STREAM: ReadonlySet<string> = new Set(['session', 'answer', 'dropped']);

/** Whether a record is about the stream that another process sends, not about its run. */
export function isOfTheStream({ type }: { readonly type: string }): boolean {
  return OF_THE_STREAM.has(type);
}
