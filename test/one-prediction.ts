// A prediction as an observer of it hears of it: for what counts predictions, without a server around it.
import { describeModel } from '../server/src/model/model.ts';
import { Result } from '../server/src/model/prediction.ts';
import type { Exchange } from '../server/src/observe/exchange.ts';
import type { CountedSlot } from '../server/src/observe/metrics.ts';
import { type AcceptedCall, Call } from '../server/src/serving/call.ts';
import { Outputs } from '../server/src/tensor/work.ts';

const signature = {
  inputs: [{ name: 'inputs', datatype: 'float32', shape: ['rows', 4] }],
  outputs: [{ name: 'label', datatype: 'int64', shape: ['rows'] }],
} as const;

export const model = describeModel(
  signature,
  { task: 'classification', labels: ['setosa', 'versicolor', 'virginica'] },
  { name: 'iris', version: 'v1' },
  'model.json',
);

const call = new Call('an-id', {});
call.rows = 1;

export const accepted: AcceptedCall = {
  call,
  model,
  work: { feeds: {}, rows: 1 },
  inputs: [5.1, 3.5, 1.4, 0.2],
  acceptedAt: 0,
};

/** A new one each time: what it predicts is found at the first look. */
export function result(): Result {
  const label = { datatype: 'int64', dims: [1], data: BigInt64Array.of(0n) } as const;
  return new Result(model, new Outputs({ label }));
}

/** What serves it. */
export const slot: CountedSlot = {
  name: model.name,
  version: model.version,
  since: new Date(),
  reason: undefined,
  replaced: 0,
  refused: 0,
  served: {
    model,
    contract: { hash: '0'.repeat(64) },
    source: undefined,
    queuedRows: 0,
    queueLimitRows: 1,
  },
};

export const exchange: Exchange = {
  id: call.id,
  traceId: undefined,
  method: 'POST',
  route: '/predict',
  isProbe: false,
  status: 200,
  durationMs: 1,
  model,
  call,
  forwardedTo: undefined,
  problem: undefined,
};
