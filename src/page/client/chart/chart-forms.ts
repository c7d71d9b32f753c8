/** What a chart can be made into a file of: its form, its name, and what it is. */
export const CHART_FORMS = [
  ['png', 'PNG', 'A picture'],
  ['svg', 'SVG', 'Lines, to be made larger or changed'],
  ['csv', 'CSV', 'The numbers in view'],
] as const;

export type ChartForm = (typeof CHART_FORMS)[number][0];
