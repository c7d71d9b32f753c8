/** What was asked for cannot be meant: nothing has been done. */
export class CalledWrongly extends Error {
  override readonly name = 'CalledWrongly';
}
