import { backend, engine, type TensorInfo } from '@tensorflow/tfjs-core';
import { type BlockProgram, type BlockTask, blockLength, ROWS } from './block-task.js';
import { webgpuSource } from './webgpu-source.js';

/** A compute shader, as the backend takes it. */
interface WebgpuProgram {
  readonly variableNames: string[];
  readonly outputShape: number[];
  readonly workgroupSize: [number, number, number];
  readonly dispatchLayout: { readonly x: number[] };
  /** The backend may spread it over more dimensions. */
  dispatch: [number, number, number];
  readonly uniforms: string;
  /** The backend makes the key of the compiled program of it, and writes that here. */
  shaderKey: string;
  getUserCode(): string;
}

/** The part of the WebGPU backend that runs programs. It is public there, but no API, so it may be missing. */
interface WebgpuBackend {
  makeTensorInfo(shape: number[], dtype: 'float32'): TensorInfo;
  runWebGPUProgram(
    program: WebgpuProgram,
    inputs: TensorInfo[],
    dtype: 'float32',
    uniforms: readonly { readonly type: 'int32'; readonly data: number[] }[],
    output: TensorInfo,
  ): TensorInfo;
}

const WORKGROUP = 64;

/**
 * Programs in compute shaders: one a parameter, each writing its rows into the same buffer. Undefined where the backend
 * runs no programs.
 */
export function webgpuProgram(): BlockProgram | undefined {
  const owner = backend() as unknown as Partial<WebgpuBackend>;
  return owner.runWebGPUProgram && owner.makeTensorInfo ? (tasks) => runAll(owner as WebgpuBackend, tasks) : undefined;
}

function runAll(owner: WebgpuBackend, tasks: readonly BlockTask[]): ReturnType<BlockProgram> {
  let end = 0;
  const spans = tasks.map((task) => {
    const rows = ROWS[task.kind] * blocksOf(task);
    end += rows;
    return { from: end - rows, rows };
  });
  const info = owner.makeTensorInfo([4 * end], 'float32');
  const numbers = engine().makeTensorFromTensorInfo(info, backend());
  tasks.forEach((task, i) => {
    run(owner, task, spans[i]!.from, numbers);
  });
  return { numbers, spans };
}

function blocksOf({ tensors }: BlockTask): number {
  const { size } = tensors[0]!;
  return Math.ceil(size / blockLength(size, 1));
}

function run(owner: WebgpuBackend, task: BlockTask, firstRow: number, into: TensorInfo): void {
  const { kind, tensors } = task;
  const blocks = blocksOf(task);
  const program: WebgpuProgram = {
    variableNames: tensors.map((_, i) => `t${i}`),
    outputShape: into.shape,
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(blocks / WORKGROUP), 1, 1],
    uniforms: 'count : i32, blocks : i32, first : i32,',
    shaderKey: `trainscope_${kind}`,
    getUserCode: () => webgpuSource(kind),
  };
  const inputs = tensors.map(({ dataId, dtype, size }) => ({ dataId, dtype, shape: [size] }));
  const uniforms = [tensors[0]!.size, blocks, firstRow].map((value) => ({ type: 'int32' as const, data: [value] }));
  owner.runWebGPUProgram(program, inputs, 'float32', uniforms, into);
}
