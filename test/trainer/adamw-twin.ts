/** torch.lerp in float64: from the nearer end. */
export function lerp(start: number, end: number, weight: number): number {
  return weight < 0.5 ? start + weight * (end - start) : end - (end - start) * (1 - weight);
}

/** One parameter under AdamW (Loshchilov and Hutter, algorithm 2), in float64 and as plainly as it can be said. */
export class AdamWTwin {
  step = 0;
  readonly m: number[];
  readonly v: number[];

  constructor(readonly w: number[]) {
    this.m = w.map(() => 0);
    this.v = w.map(() => 0);
  }

  update(g: readonly number[], rate: number, decay: number, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8): void {
    this.step++;
    for (let i = 0; i < this.w.length; i++) {
      this.m[i] = lerp(this.m[i]!, g[i]!, 1 - beta1);
      this.v[i] = beta2 * this.v[i]! + (1 - beta2) * g[i]! ** 2;
      const mHat = this.m[i]! / (1 - beta1 ** this.step);
      const vHat = this.v[i]! / (1 - beta2 ** this.step);
      this.w[i]! -= rate * (mHat / (Math.sqrt(vHat) + epsilon) + decay * this.w[i]!);
    }
  }
}
