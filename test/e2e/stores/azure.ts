// Azure Blob Storage as Azurite speaks it.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { azuriteArguments, connectionString } from '../../sources/azurite.ts';
import { modelFolder } from '../golden.ts';
import type { Namespace } from '../namespace.ts';
import { startNodeStore } from './pod.ts';

const PORT = 10_000;

/** Where releases reach it. */
export const azureUrl = `http://azurite:${PORT}`;

/** Starts it, with the iris model v2 in the folder v2 of the container `models`. */
export async function startAzure(namespace: Namespace): Promise<void> {
  const args = ['--blobHost=0.0.0.0', ...azuriteArguments(PORT)];
  await startNodeStore(namespace, 'azurite', PORT, 'azurite.js', () => args);
  const url = `${await namespace.serviceUrl('azurite')}:${PORT}`;
  const service = BlobServiceClient.fromConnectionString(connectionString(url));
  const { containerClient } = await service.createContainer('models');
  for (const file of ['model.onnx', 'model.json', 'golden.json'])
    await containerClient
      .getBlockBlobClient(`v2/${file}`)
      .uploadData(readFileSync(path.join(modelFolder('v2'), file)));
}
