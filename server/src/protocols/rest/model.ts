// GET /model: what is served, and how.
import type { RequestHandler } from 'express';
import type { TensorSpec } from '../../runtime/signature.ts';
import type { Context } from '../context.ts';

export function model({ serving, contract, config }: Context): RequestHandler[] {
  const { model: served, engine, batching, batchingReason, providers } = serving;
  const { description, trainedAt, metrics, license } = served.manifest;
  const document = {
    name: served.name,
    version: served.version,
    task: served.task,
    description,
    inputs: served.signature.inputs.map(toJson),
    outputs: served.signature.outputs.map(toJson),
    features: served.features,
    labels: served.labels,
    trainedAt,
    metrics,
    license,
    contractHash: contract.hash,
    limits: { maxRows: config.MAX_ROWS, maxBodyBytes: config.MAX_BODY_BYTES },
    serving: {
      engine: engine.kind,
      workers: engine.workers,
      intraOpThreads: engine.intraOpThreads,
      batching,
      batchingReason,
      batchMaxRows: config.BATCH_MAX_ROWS,
      executionProviders: providers.usable,
    },
  };
  return [(_req, res) => void res.json(document)];
}

function toJson({ name, datatype, shape }: TensorSpec) {
  return { name, datatype, shape };
}
