/** Names come from anywhere: nothing in them may move the cursor of a terminal or change its colours. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/gu, '�');
}

/** The same of a message, which may quote what came from anywhere; its lines stay. */
export function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}
