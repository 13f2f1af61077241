// What a model directory says of its model: model.json, which its owner wrote, and for what that leaves out model.defaults.json, which a
// fetcher wrote of what the registry says. A registry may know a model as it was before the export: where that contradicts the ONNX file,
// only what no signature can contradict counts.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ModelLoadError } from '../runtime/session.ts';
import type { Signature } from '../runtime/signature.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { describeModel, type Model, type Naming } from './model.ts';

export interface Descriptions {
  readonly manifest: Manifest;
  readonly defaults: Manifest;
  /** The path of model.json, for errors. */
  readonly file: string;
}

/** @throws ModelLoadError when a file is not JSON, or does not fit model.schema.json */
export async function readDescriptions(directory: string, schemaFile: URL): Promise<Descriptions> {
  const file = path.join(directory, 'model.json');
  const defaultsFile = path.join(directory, 'model.defaults.json');
  const hasDefaults = await stat(defaultsFile).then(
    () => true,
    () => false,
  );
  const [manifest, defaults] = await Promise.all([
    readManifest(file, schemaFile),
    hasDefaults ? readManifest(defaultsFile, schemaFile) : {},
  ]);
  return { manifest, defaults, file };
}

/** @throws ModelLoadError when model.json contradicts the signature */
export function describeBy(
  { manifest, defaults, file }: Descriptions,
  signature: Signature,
  naming: Naming,
): Model {
  try {
    return describeModel(signature, { ...defaults, ...manifest }, naming, file);
  } catch (error) {
    if (!(error instanceof ModelLoadError)) throw error;
    const { features, labels, task, ...others } = defaults;
    return describeModel(signature, { ...others, ...manifest }, naming, file);
  }
}
