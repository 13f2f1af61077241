// Valid bodies of the test models, and each of them with one thing changed.

import { everyDatatype } from '../start.ts';

export const validInputs: Readonly<Record<string, unknown>> = {
  '': [
    [5.1, 3.5, 1.4, 0.2],
    [6.7, 3, 5.2, 2.3],
  ],
  text: [['a'], ['b']],
  'two-inputs': { ids: [[1, 2]], mask: [[1, 0]] },
  'one-image': [1, 2, 3].map(() => [
    [1, 2],
    [3, 4],
  ]),
  line: [1, 2, 3],
  'every-datatype': everyDatatype(),
  'state-and-scalar': { state: [[[1, 2, 3]], [[1, 2, 3]]], rate: 2 },
};

interface Spec {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** A valid inference: of metadata as the server gives them. */
export function validInference({ inputs }: { readonly inputs: readonly Spec[] }): object {
  return {
    id: 'a',
    parameters: { binary_data_output: false },
    inputs: inputs.map(({ name, datatype, shape }) => {
      const dims = shape.map((size) => (size === -1 ? 1 : size));
      const count = dims.reduce((product, size) => product * size, 1);
      return {
        name,
        datatype,
        shape: dims,
        data: Array(count).fill(datatype === 'BYTES' ? 'a' : 1),
      };
    }),
    outputs: [],
  };
}

/** Stands where something else was expected. */
const strangers: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e39,
  2 ** 60,
  '',
  'a',
  'a\0',
  [],
  [null],
  [[]],
  [1, [2]],
  {},
  { a: 1 },
  ['a'.repeat(50)],
];

export interface Changed {
  /** What was changed, for a failure. */
  readonly what: string;
  readonly body: unknown;
}

/** The value with one change, at every place and in every way. */
export function* changes(value: unknown, at = ''): Generator<Changed> {
  for (const stranger of strangers)
    yield { what: `${at || 'all'} is ${JSON.stringify(stranger)}`, body: stranger };
  if (Array.isArray(value)) {
    yield { what: `${at} without its last`, body: value.slice(0, -1) };
    yield { what: `${at} with its first twice`, body: [...value, value[0]] };
    yield { what: `${at} with 2000`, body: Array(2000).fill(value[0]) };
    for (const [i, one] of value.entries())
      for (const { what, body } of changes(one, `${at}/${i}`))
        yield { what, body: value.with(i, body) };
  } else if (typeof value === 'object' && value !== null) {
    for (const extra of [
      'extra',
      'toString',
      'shared_memory_region',
      'classification',
      'binary_data_size',
      'parameters',
    ])
      if (!(extra in value) || extra === 'toString')
        for (const stranger of [1, { binary_data_size: 4 }, { shared_memory_region: 'x' }])
          yield {
            what: `${at} with ${extra}: ${JSON.stringify(stranger)}`,
            body: { ...value, [extra]: stranger },
          };
    for (const [key, one] of Object.entries(value)) {
      const { [key]: _, ...others }: Record<string, unknown> = { ...value };
      yield { what: `${at} without ${key}`, body: others };
      for (const { what, body } of changes(one, `${at}/${key}`))
        yield { what, body: { ...value, [key]: body } };
    }
  }
}
