/** A room of src/: what it is for, and which others it may import from. */
export interface Room {
  readonly is: string;
  /** `types:` marks type-only imports. */
  readonly mayImport: readonly string[];
}

/** Who may import whom. This table is the one truth: docs/architecture.md is made of it, and the tests hold src/ to it. */
export const ROOMS: Readonly<Record<string, Room>> = {
  events: {
    is: 'the vocabulary of a run: events and measurements, their guards, their serial form; the checks and words that all share',
    mayImport: ['types:parameters'],
  },
  parameters: {
    is: 'pure: the port `ParameterSource`, sums that add, statistics made of them, `ParameterUpdates`, layers, kernels over arrays',
    mayImport: [],
  },
  run: {
    is: 'a run: the event bus, attachments, the control queue, and `observe()` for any loop over arrays',
    mayImport: ['events', 'parameters'],
  },
  operators: { is: 'one operator a file', mayImport: ['events', 'parameters'] },
  rules: { is: 'one rule a file: operators that emit alerts', mayImport: ['events', 'parameters', 'operators'] },
  control: {
    is: 'what acts: operators that ask the loop for something',
    mayImport: ['events', 'parameters', 'operators'],
  },
  page: { is: 'the page: the history of a run, and the client that draws it', mayImport: ['events', 'parameters'] },
  sinks: {
    is: 'console, csv, jsonl, parquet, tensorboard, otel, report, remote, download: each a pure encoder, and the I/O apart',
    mayImport: ['events', 'parameters', 'page', 'records'],
  },
  'range-test': {
    is: 'pure: what a learning rate range test sees, when it ends, and the rate that it suggests',
    mayImport: ['events', 'parameters'],
  },
  tfjs: {
    is: 'the adapter to TensorFlow.js: `instrument()`, variables as a source, hooks, activations, device programs, backends, range tests',
    mayImport: ['events', 'parameters', 'run', 'operators', 'range-test'],
  },
  trainer: {
    is: 'the Trainer with Hugging Face semantics, AdamW, schedules, checkpoints',
    mayImport: ['events', 'parameters', 'run', 'tfjs', 'control', 'sinks'],
  },
  records: { is: 'recorded runs: replay, follow', mayImport: ['events', 'parameters'] },
  server: {
    is: 'what is served: the live page, in a thread of its own; what other processes send, as runs; a folder of runs',
    mayImport: ['events', 'parameters', 'run', 'operators', 'rules', 'control', 'page', 'sinks', 'records'],
  },
  plot: {
    is: 'drawings, as SVG and PNG: the tutorial’s chart, the picture of a range test',
    mayImport: ['events', 'sinks', 'types:range-test'],
  },
  testing: { is: 'public helpers: runs, parameters and updates by script', mayImport: ['events', 'parameters'] },
  cli: {
    is: 'the `trainscope` command: no framework of the runs that it shows',
    mayImport: [
      'events',
      'parameters',
      'run',
      'operators',
      'rules',
      'control',
      'page',
      'sinks',
      'records',
      'server',
      'plot',
    ],
  },
};

/** The rooms as a table of Markdown. */
export function roomsTable(): string {
  const rows = Object.entries(ROOMS).map(([name, { is, mayImport }]) => {
    const imports = mayImport.map((room) => room.replace('types:', 'types of ')).join(', ');
    return `| \`${name}/\` | ${is} | ${imports || 'nothing'} |`;
  });
  return ['| room | what it is | may import |', '|---|---|---|', ...rows].join('\n');
}
