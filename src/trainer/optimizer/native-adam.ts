import { keep, mul, scalar, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import {
  type OperationAttribute,
  type TensorflowBackend,
  tensorflowBackend,
} from '../../parameters/tensorflow-backend.js';
import type { AdamWCoefficients } from '../kernels/fused-adamw.js';
import type { Moments } from './adamw.js';

/** Resources have names, for the whole process. */
let made = 0;

/**
 * TensorFlow's own Adam: one pass over the values, on all cores. It updates resources of TensorFlow in place, so three of
 * them are lent to one parameter after the other.
 */
export class NativeAdam {
  readonly #weights: Tensor;
  readonly #first: Tensor;
  readonly #second: Tensor;

  /** Undefined where TensorFlow's operations cannot be reached, or run on a GPU. */
  static make(): NativeAdam | undefined {
    const owner = tensorflowBackend();
    return owner && !owner.isUsingGpuDevice ? new NativeAdam(owner) : undefined;
  }

  private constructor(private readonly owner: TensorflowBackend) {
    const id = made++;
    this.#weights = this.#resource(`trainscope/adam-${id}/weights`);
    this.#first = this.#resource(`trainscope/adam-${id}/first`);
    this.#second = this.#resource(`trainscope/adam-${id}/second`);
  }

  /** Update one parameter; the new weights are a new tensor, since snapshots hold the old one. */
  step(variable: Variable, gradient: Tensor, moments: Moments, coefficients: AdamWCoefficients): void {
    const { keep: kept, beta1, beta2, stepSize, rootCorrection, epsilon } = coefficients;
    // The operation has 1 - beta in float32 of both, torch in float64: that is a constant factor on each moment.
    const firstFactor = (1 - beta1) / (1 - Math.fround(beta1));
    const rootFactor = Math.sqrt((1 - beta2) / (1 - Math.fround(beta2))) / rootCorrection;
    tidy(() => {
      this.#lend(this.#weights, mul(variable, kept));
      this.#lend(this.#first, moments.first);
      this.#lend(this.#second, moments.second);
      this.#run(
        'ResourceApplyAdam',
        [this.#type('T'), this.#flag('use_locking', false), this.#flag('use_nesterov', false)],
        [
          ...[this.#weights, this.#first, this.#second],
          // The powers of beta1 and beta2: 0, since the corrections are in the rate and in epsilon.
          ...[0, 0, (stepSize * firstFactor) / rootFactor, beta1, beta2, epsilon / rootFactor].map((x) => scalar(x)),
          gradient,
        ],
      );
      variable.assign(this.#read(this.#weights));
      moments.first = keep(this.#read(this.#first));
      moments.second = keep(this.#read(this.#second));
    });
  }

  dispose(): void {
    for (const resource of [this.#weights, this.#first, this.#second]) {
      this.#run('DestroyResourceOp', [this.#flag('ignore_lookup_error', true)], [resource]);
      resource.dispose();
    }
  }

  #resource(name: string): Tensor {
    const { TF_ATTR_SHAPE, TF_ATTR_STRING } = this.owner.binding;
    const attributes = [
      this.#type('dtype'),
      { name: 'shape', type: TF_ATTR_SHAPE, value: [] },
      { name: 'container', type: TF_ATTR_STRING, value: '' },
      { name: 'shared_name', type: TF_ATTR_STRING, value: name },
    ];
    return tidy(() => keep(this.#run('VarHandleOp', attributes, [], 1)[0]!));
  }

  /** The resource becomes the only holder of the values, so that it may change them in place. */
  #lend(resource: Tensor, values: Tensor): void {
    this.#run('AssignVariableOp', [this.#type('dtype')], [resource, values]);
    values.dispose();
  }

  #read(resource: Tensor): Tensor {
    return this.#run('ReadVariableOp', [this.#type('dtype')], [resource], 1)[0]!;
  }

  #run(name: string, attributes: readonly OperationAttribute[], inputs: readonly Tensor[], outputs = 0): Tensor[] {
    return this.owner.executeMultipleOutputs(name, attributes, inputs, outputs);
  }

  #type(name: string): OperationAttribute {
    return { name, type: this.owner.binding.TF_ATTR_TYPE, value: this.owner.binding.TF_FLOAT };
  }

  #flag(name: string, value: boolean): OperationAttribute {
    return { name, type: this.owner.binding.TF_ATTR_BOOL, value };
  }
}
