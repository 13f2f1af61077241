// The requests that are measured: where they go, what is in them, and which headers a client adds.

export interface Post {
  readonly path: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const row = [5.1, 3.5, 1.4, 0.2];

/** Requests to the iris model. */
export const irisPredict: Post = { path: '/predict', body: JSON.stringify({ inputs: row }) };
export const irisInfer: Post = {
  path: '/v2/models/iris/infer',
  body: JSON.stringify({
    inputs: [{ name: 'inputs', shape: [1, 4], datatype: 'FP32', data: row }],
  }),
};
export const irisBatch = (rows: number): Post => ({
  path: '/predict',
  body: JSON.stringify({ inputs: Array<number[]>(rows).fill(row) }),
});

/** A row to the heavy model of the tests. */
export const heavyPredict: Post = {
  path: '/predict',
  body: JSON.stringify({ inputs: Array<number>(1024).fill(1) }),
};

/** The headers of a request; Go's client asks for gzip unless it is told not to. */
export function headersOf({ headers = {} }: Post): [string, string][] {
  return [['Content-Type', 'application/json'], ...Object.entries(headers)];
}
