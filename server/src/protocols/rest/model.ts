// GET /model: what is served, and how.
import type { RequestHandler } from 'express';
import type { TensorSpec } from '../../runtime/signature.ts';
import type { Registry } from '../../serving/registry.ts';
import type { ReloadState } from '../../serving/reload/reload.ts';
import type { ServedModel } from '../../serving/served-model.ts';

/** Settings, by the names of their environment variables. */
export interface Limits {
  readonly MAX_ROWS: number;
  readonly MAX_BODY_BYTES: number;
  readonly BATCH_MAX_ROWS: number;
}

/** @param reload whether and when the model was replaced; undefined where it never is */
export function model(
  models: Registry,
  limits: Limits,
  reload: (() => ReloadState) | undefined,
): RequestHandler[] {
  return [
    (_req, res) => {
      const description = describe(models.main, limits);
      res.json(reload === undefined ? description : { ...description, reload: told(reload()) });
    },
  ];
}

function told({ since, replaced, refused, reason }: ReloadState): object {
  return { since: since.toISOString(), replaced, refused, refusal: reason };
}

function describe({ model: served, contract, serving }: ServedModel, limits: Limits): object {
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
    contractHash: contract.hash,
    limits: { maxRows: limits.MAX_ROWS, maxBodyBytes: limits.MAX_BODY_BYTES },
    serving: {
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
