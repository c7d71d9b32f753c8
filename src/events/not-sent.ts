/**
 * Events that no process sends to another: live handles, and what the other side makes of what it is told. All others are
 * on the wire.
 */
export const NOT_SENT = [
  'step-begin',
  'pre-optimizer-step',
  'optimizer-step',
  'control',
  'ranks',
  'sink-error',
] as const;
