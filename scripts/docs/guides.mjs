/** The guides of the site, by group, in the order of its menu. Every page of docs/ is one. */
export const GUIDES = {
  Begin: ['getting-started', 'numbers', 'story', 'recipes', 'from-elsewhere'],
  'Watch and steer': ['operators', 'rules', 'control', 'learning-rate'],
  'Where runs come from': ['sources', 'trainer', 'python', 'browser', 'native', 'recorded-runs', 'wire'],
  'Where they go': ['sinks', 'live', 'serve', 'grafana', 'otel', 'tensorboard', 'cli'],
  'How it holds': ['scale', 'reliability', 'performance', 'architecture', 'decisions'],
};
