import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasWeightDecay, Trainer, type TrainerOptions } from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';
import reference from '../reference/fixtures/decay.json' with { type: 'json' };

beforeAll(() => useBackend('cpu'));

/** Of each parameter: the class of its module, and whether transformers' Trainer decays it. */
type Family = Readonly<Record<string, readonly [module: string, decays: boolean]>>;

describe('by its name, a parameter decays', () => {
  const families = Object.entries(reference.families as unknown as Readonly<Record<string, Family>>);

  it('as in transformers, in 117 families, but for normalisations that are no LayerNorm', () => {
    const differing: string[] = [];
    let names = 0;
    for (const [family, parameters] of families) {
      for (const [name, [module, decays]] of Object.entries(parameters)) {
        names++;
        if (hasWeightDecay(name) === decays) continue;
        expect(module, `${family}: ${name}`).toMatch(/Norm/);
        differing.push(`${family}: ${name}`);
      }
    }
    expect([families.length, names]).toEqual([117, 2802]);
    expect(differing).toEqual([
      'falcon_mamba: norm_f.weight',
      'mamba: norm_f.weight',
      'mamba2: norm_f.weight',
      'swiftformer: encoder.network.0.blocks.0.linear.norm0.weight',
    ]);
  });

  it.each(['transformer.h.0.ln_1.weight', 'ln_f.weight', 'blocks.0.ln1.weight', 'pre_ln.weight', 'norm1.weight'])(
    'not: %s',
    (name) => expect(hasWeightDecay(name)).toBe(false),
  );
});

describe('a Trainer decays', () => {
  /** The weights that a step with no gradient makes smaller. */
  async function decayed(model: tf.LayersModel, options: Partial<TrainerOptions> = {}): Promise<string[]> {
    const trainer = new Trainer({
      model,
      computeLoss: ({ logits }) => tf.mul(tf.sum(logits), 0) as tf.Scalar,
      trainDataset: [{ xs: [0.5, 1, 2] }],
      args: { maxSteps: 1, weightDecay: 0.5, learningRate: 0.1, saveStrategy: 'no', disableTqdm: true },
      ...options,
    });
    for (const weight of model.trainableWeights) {
      tf.tidy(() => void weight.write(tf.onesLike(weight.read())));
    }
    await trainer.train();
    return model.trainableWeights
      .filter((weight) => weight.read().dataSync()[0]! < 0.99)
      .map(({ name }) => name.replace(/_\d+$/, ''));
  }

  const layersModel = () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [3], units: 4, name: 'ln_1' }),
        tf.layers.layerNormalization({ name: 'scale' }),
        tf.sequential({ layers: [tf.layers.batchNormalization({ inputShape: [4], name: 'inner' })] }),
        tf.layers.dense({ units: 2, name: 'norm' }),
      ],
    });

  it('the weights of a LayersModel by the types of its layers, whatever their names', async () => {
    const model = layersModel();
    const before = held();
    expect(await decayed(model)).toEqual(['ln_1/kernel', 'norm/kernel']);
    expect(held()).toEqual(before);
    model.dispose();
  });

  /** As a block of a transformer is written: its parts are its own, and their weights are shown as its. */
  class Block extends tf.layers.Layer {
    static className = 'Block';
    readonly scaled = [tf.layers.layerNormalization({ name: 'scale' })];
    readonly mapped = tf.layers.dense({ units: 3, name: 'map' });

    override build(shape: tf.Shape): void {
      const layers = [this.mapped, ...this.scaled];
      for (const layer of layers) layer.build(shape);
      this.trainableWeights = layers.flatMap((layer) => layer.trainableWeights);
      this.built = true;
    }

    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return this.scaled[0]!.apply(this.mapped.apply([inputs].flat()[0]!)) as tf.Tensor;
    }
  }

  it('not the normalisations in a layer of one’s own', async () => {
    const model = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [3] }), new Block()] });
    expect((await decayed(model)).map((name) => name.split('/').at(-1))).toEqual(['kernel']);
    model.dispose();
  });

  it('the parameters that decayParameters says', async () => {
    const model = layersModel();
    const biases = ['ln_1/bias', 'norm/bias'];
    expect(await decayed(model, { decayParameters: (name) => name.includes('bias') })).toEqual(biases);
    expect(await decayed(model, { decayParameters: biases.slice(0, 1) })).toEqual(biases.slice(0, 1));
    await expect(decayed(model, { decayParameters: ['ln_1/kernal'] })).rejects.toThrow(
      /^decayParameters: expected names of the model's parameters, got "ln_1\/kernal"; did you mean "ln_1\/kernel"\?/,
    );
    const optimizer = tf.train.sgd(0.1);
    await expect(decayed(model, { decayParameters: [], optimizer })).rejects.toThrow('decayParameters: expected none');
    optimizer.dispose();
    model.dispose();
  });
});
