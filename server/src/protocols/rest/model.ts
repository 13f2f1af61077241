// GET /model: what is served, and how.
import type { RequestHandler } from 'express';
import type { TensorSpec } from '../../runtime/signature.ts';
import type { Registry } from '../../serving/registry.ts';
import type { ServedModel } from '../../serving/served-model.ts';
import type { Slot } from '../../serving/slot.ts';
import { modelOf } from '../http/model-call.ts';

/** Settings, by the names of their environment variables. */
export interface Limits {
  readonly MAX_ROWS: number;
  readonly MAX_BODY_BYTES: number;
  readonly BATCH_MAX_ROWS: number;
}

/**
 * @param reloads whether models are replaced by what their directories hold
 * @param threads that serve requests
 */
export function model(
  models: Registry,
  limits: Limits,
  reloads: boolean,
  threads: () => number,
): RequestHandler[] {
  return [
    (req, res) => {
      const served = modelOf(models, req, res);
      const slot = reloads ? models.slotOf(served) : undefined;
      const described = describe(served, limits, threads());
      res.json({ ...described, ...(slot && { reload: told(slot) }) });
    },
  ];
}

function told({ since, replaced, refused, reason }: Slot): object {
  return { since: since.toISOString(), replaced, refused, refusal: reason };
}

function describe(
  { model: served, contract, serving, source }: ServedModel,
  limits: Limits,
  threads: number,
): object {
  const { engine, batching, batchingReason, providers } = serving;
  const { description, trainedAt, metrics, license } = served.manifest;
  return {
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
    source,
    contractHash: contract.hash,
    limits: { maxRows: limits.MAX_ROWS, maxBodyBytes: limits.MAX_BODY_BYTES },
    serving: {
      threads,
      engine: engine.kind,
      workers: engine.workers,
      intraOpThreads: engine.intraOpThreads,
      batching,
      batchingReason,
      batchMaxRows: limits.BATCH_MAX_ROWS,
      executionProviders: providers.usable,
    },
  };
}

function toJson({ name, datatype, shape }: TensorSpec) {
  return { name, datatype, shape };
}
