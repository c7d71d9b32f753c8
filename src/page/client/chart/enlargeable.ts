/** What can fill the window, known by its title. */
export interface Enlargeable {
  readonly title: string;
  readonly root: HTMLElement;
  focus(): void;
  /** Where a person was before it filled the window. */
  focusEnlarge(): void;
}
