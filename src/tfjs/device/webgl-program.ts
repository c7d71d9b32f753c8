import { backend, concat, engine, env, keep, type Tensor, type TensorInfo, tidy } from '@tensorflow/tfjs-core';
import type { BlockProgram, BlockTask } from './block-task.js';
import { type LaidTask, layTask } from './webgl-layout.js';
import { taskFunction, WEBGL_HELPERS } from './webgl-source.js';

/** A fragment shader, as the backend takes it. */
interface WebglProgram {
  readonly variableNames: string[];
  readonly outputShape: number[];
  readonly userCode: string;
  readonly packedInputs: boolean;
  readonly packedOutput: true;
}

/** The part of the WebGL backend that runs programs. It is public there, but no API, so all may be missing. */
interface WebglBackend {
  runWebGLProgram(
    program: WebglProgram,
    inputs: TensorInfo[],
    dtype: 'float32',
    uniforms: undefined,
    keepPacked: true,
  ): TensorInfo;
  getDataInfo(dataId: object): { readonly isPacked?: boolean } | undefined;
}

/**
 * Programs in fragment shaders: one for as many parameters as a shader may have textures. Textures of one kind each, since
 * the backend would copy the others. Undefined where textures have float16 only, or the backend runs no programs.
 */
export function webglProgram(): BlockProgram | undefined {
  const owner = backend() as unknown as Partial<WebglBackend>;
  if (!owner.runWebGLProgram || !owner.getDataInfo || !env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) return undefined;
  return (tasks) => runAll(owner as WebglBackend, tasks);
}

function runAll(owner: WebglBackend, tasks: readonly BlockTask[]): ReturnType<BlockProgram> {
  const laid = tasks.map((task) => layTask(task, (dataId) => owner.getDataInfo(dataId)?.isPacked === true));
  const order = [...laid.filter(({ packed }) => packed), ...laid.filter(({ packed }) => !packed)];
  const places = new Map<LaidTask, number>();
  let rows = 0;
  for (const task of order) {
    places.set(task, rows);
    rows += task.rows;
  }
  const numbers = tidy(() => {
    const parts = groups(order).map((group) => run(owner, group));
    return keep(parts.length === 1 ? parts[0]! : concat(parts, 0));
  });
  return { numbers, spans: laid.map((task) => ({ from: places.get(task)!, rows: task.rows })) };
}

/** Tasks of one kind of texture that one shader can have, in their order. */
function groups(tasks: readonly LaidTask[]): LaidTask[][] {
  const most = env().getNumber('WEBGL_MAX_TEXTURES_IN_SHADER');
  const list: LaidTask[][] = [];
  let textures = most;
  for (const task of tasks) {
    textures += task.tensors.length;
    if (textures > most || list.at(-1)?.[0]?.packed !== task.packed) {
      list.push([]);
      textures = task.tensors.length;
    }
    list.at(-1)!.push(task);
  }
  return list;
}

function run(owner: WebglBackend, tasks: readonly LaidTask[]): Tensor {
  const inputs = tasks.flatMap(({ tensors, packed, layout }) =>
    tensors.map(({ dataId, dtype, size }) => ({ dataId, dtype, shape: packed ? [...layout] : [size] })),
  );
  const info = owner.runWebGLProgram(programOf(tasks), inputs, 'float32', undefined, true);
  return engine().makeTensorFromTensorInfo(info, backend());
}

const programs = new Map<string, WebglProgram>();

function programOf(tasks: readonly LaidTask[]): WebglProgram {
  const key = tasks
    .map(({ kind, packed, layout, tensors }) => `${kind} ${packed} ${layout} ${tensors[0]!.size}`)
    .join('; ');
  const bits = env().getNumber('WEBGL_VERSION') === 2;
  let program = programs.get(`${bits} ${key}`);
  if (!program) {
    program = compose(tasks, bits);
    programs.set(`${bits} ${key}`, program);
  }
  return program;
}

/** Each row of the result is a texel: a fragment finds the task that it is of, and its place in there. */
function compose(tasks: readonly LaidTask[], bits: boolean): WebglProgram {
  let end = 0;
  const choices = tasks.map(({ rows }, i) => {
    const from = end;
    end += rows;
    return `if (row < ${end}) result = task${i}(row - ${from});`;
  });
  return {
    variableNames: tasks.flatMap(({ tensors }, i) => tensors.map((_, j) => `T${i}x${j}`)),
    outputShape: [2 * end, 2],
    packedInputs: tasks[0]!.packed,
    packedOutput: true,
    userCode: `
      ${WEBGL_HELPERS(bits)}
      ${tasks.map(taskFunction).join('\n')}
      void main() {
        int row = getOutputCoords().x / 2;
        vec4 result = vec4(0.);
        ${choices.join('\n        else ')}
        setOutput(result);
      }`,
  };
}
