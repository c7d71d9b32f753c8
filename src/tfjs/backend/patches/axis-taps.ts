/** Along one axis: a place of the output, one of the filter, and that of the input on which they meet. */
export interface AxisTap {
  readonly output: number;
  readonly filter: number;
  readonly input: number;
}

/** One axis of a convolution: how long the three tensors are, and how the filter lies on the input. */
export interface ConvolvedAxis {
  readonly output: number;
  readonly filter: number;
  readonly input: number;
  readonly stride: number;
  readonly dilation: number;
  /** How far the first window begins before the input. */
  readonly pad: number;
}

/** All that lie on the input, by the output and then by the filter. */
export function axisTaps({ output, filter, input, stride, dilation, pad }: ConvolvedAxis): readonly AxisTap[] {
  const taps: AxisTap[] = [];
  for (let out = 0; out < output; out++) {
    for (let place = 0; place < filter; place++) {
      const at = out * stride - pad + place * dilation;
      if (at >= 0 && at < input) taps.push({ output: out, filter: place, input: at });
    }
  }
  return taps;
}
