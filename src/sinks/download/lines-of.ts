/** The lines of a text, a piece at a time: however long the text, as much memory as a piece needs. */
export async function* linesOf(text: Blob): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = text.stream().getReader();
  let rest = '';
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (rest + decoder.decode(read.value, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}
