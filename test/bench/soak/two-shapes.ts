// Requests to a model that gives two inputs of free sizes back as they came: whatever they are put together with, each must
// get its own values and shapes, in whatever order it names its inputs.
import { type Answered, type Kind, post } from './kind.ts';

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

function anyTensor(name: string, rows: number): Tensor {
  const size = () => 1 + Math.floor(Math.random() * 3);
  const shape = [rows, size(), size()];
  const length = shape.reduce((product, one) => product * one, 1);
  return { name, shape, data: Array.from({ length }, () => Math.floor(Math.random() * 1000)) };
}

const asked = new WeakMap<object, readonly Tensor[]>();

const both: Answered = {
  name: 'two inputs in any order',
  weight: 20,
  status: 200,
  send() {
    const rows = 1 + Math.floor(Math.random() * 3);
    const tensors = [anyTensor('x', rows), anyTensor('y', rows)];
    if (Math.random() < 0.5) tensors.reverse();
    const inputs = tensors.map((tensor) => ({ ...tensor, datatype: 'FP32' }));
    const sent = post('/v2/models/two-shapes/infer', { inputs });
    asked.set(sent, tensors);
    return sent;
  },
  check({ body }, sent) {
    const { outputs }: { outputs: readonly Tensor[] } = JSON.parse(body.toString());
    for (const { name, shape, data } of asked.get(sent) ?? []) {
      const got = outputs.find((output) => output.name === `${name}_out`);
      if (String(got?.shape) !== String(shape) || String(got?.data) !== String(data))
        return `${name} of the shape [${shape}] came back as [${got?.shape}]`;
    }
    return undefined;
  },
};

export const twoShapesTraffic: readonly Kind[] = [
  both,
  {
    name: 'different numbers of rows',
    weight: 1,
    status: 400,
    send() {
      const inputs = [anyTensor('x', 1), anyTensor('y', 2)];
      return post('/v2/models/two-shapes/infer', {
        inputs: inputs.map((tensor) => ({ ...tensor, datatype: 'FP32' })),
      });
    },
  },
];
