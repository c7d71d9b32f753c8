# Compiled into the addon of @tensorflow/tfjs-node, beside its own sources.
{
  'target_defaults': {
    'sources': ['update-sums.cc', 'adamw.cc', 'operations.cc'],
    'cflags_cc!': ['-fno-exceptions'],
    # As the arithmetic is written: the numbers are the same with every compiler.
    'cflags_cc': ['-ffp-contract=off', '-fno-math-errno'],
    'conditions': [
      # libtensorflow needs it too.
      ['target_arch=="x64"', { 'cflags_cc': ['-mavx'] }],
    ],
  },
}
