// Generates models: a plan that a person can read and fast-check can shrink, and the ONNX graph of it. What a model
// does is simple, so that every bit of its outputs is known; its names, sizes and datatypes are whatever ONNX allows.
import fc from 'fast-check';
import type { Datatype } from '../../src/tensor/datatype.ts';
import {
  type Dimension,
  elementType,
  type Graph,
  type Initializer,
  type Node,
  type ValueInfo,
} from './onnx.ts';

export interface InputPlan {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly Dimension[];
}

/**
 * What an output is made of:
 * - per row: `identity`, `double` (x + x), `widen` (as float64), `twice` (x beside x), `lookup` (in a table of ten: fails
 *   beyond it), `divide` (x / x: fails for integers of 0, NaN for floats of 0), `sum` (of two inputs), `constant` (plus an
 *   initializer that the graph lists among its inputs)
 * - rows influence each other: `first-row`, `less-mean`
 * - no rows: `shape`, `total`, `stacked` (twice as many rows)
 */
export interface OutputPlan {
  readonly name: string;
  readonly does: Operation;
  readonly of: InputPlan;
  readonly with?: InputPlan;
  /** Whether the file declares the rank of it; ONNX Runtime then reports a shape. */
  readonly declared: boolean;
}

export interface ModelPlan {
  readonly inputs: readonly InputPlan[];
  readonly outputs: readonly OutputPlan[];
}

const operations = [
  'identity',
  'double',
  'widen',
  'twice',
  'lookup',
  'divide',
  'sum',
  'constant',
  'first-row',
  'less-mean',
  'shape',
  'total',
  'stacked',
] as const;
export type Operation = (typeof operations)[number];

const rowDependent: readonly Operation[] = ['first-row', 'less-mean', 'shape', 'total', 'stacked'];

/** Whether every output of a row is made of that row alone. */
export function isPerRow(plan: ModelPlan): boolean {
  return plan.outputs.every(
    ({ does, of, with: other }) =>
      !rowDependent.includes(does) && (does !== 'sum' || of.shape.length === other?.shape.length),
  );
}

const datatypes: readonly Datatype[] = [
  'float32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'uint64',
];
const addable: readonly Datatype[] = ['float32', 'float64', 'int32', 'int64'];

/** Names that break objects, JSON Pointers, templates or sorting, among plain ones. */
const names = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('x', 'y', 'ids', 'mask', 'z') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'length',
      '0',
      '1',
      'a/b',
      '~',
      '~1',
      '"',
      ' ',
      '\n',
      '模型',
      '😀',
      ':;,',
      '$ref',
      'inputs',
    ),
  },
);

const sizes = fc.oneof(
  fc.constantFrom<Dimension>(2, 1, 3),
  fc.constantFrom<Dimension>('unnamed', { named: '' }, { named: '?' }),
  fc.constantFrom<Dimension>({ named: 'n' }, { named: 'm' }, { named: 'batch' }),
);

/** The dimension of rows is one for all inputs, mostly: else the model has no rows. */
const rowSizes = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Dimension>({ named: 'batch' }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Dimension>('unnamed', { named: '?' }, { named: '' }, { named: 'n' }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Dimension>(1, 2) },
);

const shapes = rowSizes.chain((rows) =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.array(sizes, { maxLength: 3 }).map((rest) => [rows, ...rest]),
    },
    { weight: 1, arbitrary: fc.array(sizes, { maxLength: 4 }) },
  ),
);

const inputs: fc.Arbitrary<InputPlan[]> = fc
  .tuple(
    rowSizes,
    fc.uniqueArray(
      fc.record({ name: names, datatype: fc.constantFrom(...datatypes), shape: shapes }),
      {
        minLength: 1,
        maxLength: 3,
        selector: ({ name }) => name,
      },
    ),
    fc.boolean(),
  )
  // Half of the models have one datatype, so that their inputs can be added and mistaken for one another.
  .map(([rows, plans, alike]) =>
    plans.map((plan) => ({
      ...plan,
      datatype: alike ? (plans[0]?.datatype ?? plan.datatype) : plan.datatype,
      shape: plan.shape.length > 0 ? [rows, ...plan.shape.slice(1)] : plan.shape,
    })),
  );

/** A model that ONNX Runtime loads, or nearly always. */
export const models: fc.Arbitrary<ModelPlan> = inputs.chain((plans) => {
  const output = fc
    .record({
      name: names,
      wanted: fc.constantFrom(...operations),
      of: fc.constantFrom(...plans),
      with: fc.constantFrom(...plans),
      declared: fc.boolean(),
    })
    .map(({ name, wanted, of, with: other, declared }): OutputPlan => {
      const does = suits(wanted, of, other) ? wanted : 'identity';
      return { name: `${name}`, does, of, declared, ...(does === 'sum' && { with: other }) };
    });
  return fc
    .uniqueArray(output, { minLength: 1, maxLength: 3, selector: ({ name }) => name })
    .map((outputs) => ({
      inputs: plans,
      // Inputs and outputs share a namespace in a graph.
      outputs: outputs.map((one) =>
        plans.some(({ name }) => name === one.name) ? { ...one, name: `${one.name}'` } : one,
      ),
    }));
});

function suits(does: Operation, { datatype, shape }: InputPlan, other: InputPlan): boolean {
  const float = datatype === 'float32' || datatype === 'float64';
  switch (does) {
    case 'double':
    case 'total':
    case 'constant':
      return addable.includes(datatype) && (does !== 'constant' || datatype === 'float32');
    case 'divide':
      return addable.includes(datatype);
    case 'widen':
      return datatype !== 'string';
    case 'lookup':
      return datatype === 'int64' || datatype === 'int32';
    case 'sum':
      return (
        addable.includes(datatype) && other.datatype === datatype && addsUp(shape, other.shape)
      );
    case 'less-mean':
      return float && shape.length > 0;
    case 'twice':
      return shape.length > 1;
    case 'stacked':
    case 'first-row':
      return shape.length > 0;
    case 'identity':
    case 'shape':
      return true;
  }
}

/** Whether fixed sizes allow broadcasting; ONNX Runtime does not load a model whose do not. */
function addsUp(a: readonly Dimension[], b: readonly Dimension[]): boolean {
  for (let i = 1; i <= Math.min(a.length, b.length); i++) {
    const [x, y] = [a.at(-i), b.at(-i)];
    if (typeof x === 'number' && typeof y === 'number' && x !== y && x !== 1 && y !== 1)
      return false;
  }
  return true;
}

/** The graph of a plan. */
export function graphOf({ inputs, outputs }: ModelPlan): Graph {
  const parts = outputs.map(partOf);
  const extra: ValueInfo[] = outputs.some(({ does }) => does === 'constant')
    ? [{ name: 'a constant', datatype: 'float32', shape: [1] }] // an optional input, with a default
    : [];
  return {
    inputs: [...inputs, ...extra],
    outputs: parts.map(({ info }) => info),
    nodes: parts.flatMap(({ nodes }) => nodes),
    initializers: constants,
  };
}

const constants: readonly Initializer[] = [
  { name: 'a constant', dims: [1], data: new Float32Array([0.5]) },
  { name: 'a table', dims: [10], data: Float32Array.from({ length: 10 }, (_, i) => i * i + 0.5) },
  { name: 'a zero', dims: [1], data: new BigInt64Array([0n]) },
  { name: 'a one', dims: [1], data: new BigInt64Array([1n]) },
];

function partOf(plan: OutputPlan, index: number): { nodes: Node[]; info: ValueInfo } {
  const { name, does, of, declared } = plan;
  const x = of.name;
  const own = (what: string) => `${what} of output ${index}`;
  const rank = of.shape.length;
  const sameRank: readonly Dimension[] = of.shape.map(() => 'unnamed');
  const make = (
    nodes: Node[],
    datatype: Datatype = of.datatype,
    shape: readonly Dimension[] | undefined = undefined,
  ) => ({ nodes, info: { name, datatype, shape: declared ? shape : undefined } });
  const node = (
    op: string,
    inputs: readonly string[],
    outputs: readonly string[] = [name],
  ): Node => ({
    op,
    inputs,
    outputs,
  });
  const last = (
    op: string,
    inputs: readonly string[],
    attributes: NonNullable<Node['attributes']>,
  ): Node => ({
    op,
    inputs,
    outputs: [name],
    attributes,
  });
  switch (does) {
    case 'identity':
      return make([node('Identity', [x])], of.datatype, of.shape);
    case 'double':
      return make([node('Add', [x, x])], of.datatype, of.shape);
    case 'divide':
      return make([node('Div', [x, x])], of.datatype, of.shape);
    case 'constant':
      return make([node('Add', [x, 'a constant'])], of.datatype, rank > 0 ? sameRank : undefined);
    case 'widen':
      return make([last('Cast', [x], { to: elementType('float64') })], 'float64', of.shape);
    case 'twice':
      return make([last('Concat', [x, x], { axis: 1 })], of.datatype, sameRank);
    case 'stacked':
      return make([last('Concat', [x, x], { axis: 0 })], of.datatype, sameRank);
    case 'lookup':
      return make([node('Gather', ['a table', x])], 'float32', sameRank);
    case 'sum':
      return make([node('Add', [x, plan.with?.name ?? x])]);
    case 'less-mean':
      return make(
        [
          { ...last('ReduceMean', [x], { axes: [0], keepdims: 1 }), outputs: [own('mean')] },
          node('Sub', [x, own('mean')]),
        ],
        of.datatype,
        of.shape,
      );
    case 'total':
      return make([last('ReduceSum', [x], { keepdims: 0 })], of.datatype, []);
    case 'shape':
      return make([node('Shape', [x])], 'int64', [rank]);
    case 'first-row':
      return make(
        [
          node('Shape', [x], [own('shape')]),
          node('Slice', [own('shape'), 'a zero', 'a one'], [own('rows')]),
          node('ConstantOfShape', [own('rows')], [own('zeros')]),
          {
            ...last('Cast', [own('zeros')], { to: elementType('int64') }),
            outputs: [own('places')],
          },
          last('Gather', [x, own('places')], { axis: 0 }),
        ],
        of.datatype,
        sameRank,
      );
  }
}

/** A plan as a failure shows it. */
export function showModel({ inputs, outputs }: ModelPlan): string {
  const dims = (shape: readonly Dimension[]) =>
    `[${shape.map((size) => (typeof size === 'object' ? JSON.stringify(size.named) : size === 'unnamed' ? '·' : size)).join(', ')}]`;
  return [
    ...inputs.map((i) => `  input  ${JSON.stringify(i.name)}: ${i.datatype}${dims(i.shape)}`),
    ...outputs.map(
      (o) =>
        `  output ${JSON.stringify(o.name)}: ${o.does} of ${JSON.stringify(o.of.name)}${o.with ? ` and ${JSON.stringify(o.with.name)}` : ''}${o.declared ? '' : ' (no shape declared)'}`,
    ),
  ].join('\n');
}
