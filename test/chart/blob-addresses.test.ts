// The chart and the server tell addresses of Azure Blob Storage from those of the web by rules of their own: they agree about each.
import { afterAll, expect, test } from 'vitest';
import { isBlobAddress } from '../../server/src/sources/stores/az/location.ts';
import { startAdmitter } from './admit.ts';

const admitter = startAdmitter();
afterAll(() => admitter.close());

/** What the chart takes an address for: of the web, it wants to know which bytes are served. */
async function kindInChart(uri: string): Promise<'blob' | 'web' | string> {
  const admission = await admitter.admit({
    release: 'ml-api',
    namespace: 'models',
    upgrade: false,
    values: { versions: { v1: { model: { uri } } } },
  });
  if (!('refused' in admission)) return 'blob';
  if (admission.refused.includes('names no container of Azure Blob Storage')) return 'blob';
  return admission.refused.includes('model.uri: nothing says which bytes are served')
    ? 'web'
    : admission.refused;
}

const azure = 'blob.core.windows.net';

test.each([
  ['blob', `https://ours.${azure}/models/iris`],
  ['blob', `https://ours.${azure}/models/iris.onnx?snapshot=2026-01-01`],
  ['blob', `https://ours.${azure}/models`],
  ['blob', `https://ours.${azure}/`],
  ['blob', `https://ours.${azure}`],
  ['blob', `https://123.${azure}/models`],
  ['blob', `https://${'a'.repeat(24)}.${azure}/models`],
  ['blob', 'https://ours.blob.core.usgovcloudapi.net/models/iris'],
  ['blob', 'https://ours.blob.core.chinacloudapi.cn/models/iris'],
  ['web', `http://ours.${azure}/models/iris`],
  ['web', `https://${azure}/models/iris`],
  ['web', `https://ab.${azure}/models/iris`],
  ['web', `https://${'a'.repeat(25)}.${azure}/models/iris`],
  ['web', `https://Ours.${azure}/models/iris`],
  ['web', `https://our-s.${azure}/models/iris`],
  ['web', `https://ours-secondary.${azure}/models/iris`],
  ['web', `https://ours.z1.${azure}/models/iris`],
  ['web', `https://ours.${azure}:443/models/iris`],
  ['web', `https://ours.${azure}.evil.example/models/iris`],
  ['web', `https://ours.${azure}?restype=container`],
  ['web', `https://evil.example/https://ours.${azure}/models/iris`],
  ['web', `https://ours.${azure.replaceAll('.', 'x')}/models/iris`],
  ['web', 'https://ours.blob.core.windows.com/models/iris'],
  ['web', 'https://ours.blob.core.cloudapi.de/models/iris'],
  ['web', 'https://ours.dfs.core.windows.net/models/iris'],
])('%s: %s', async (kind, uri) => {
  expect({ server: isBlobAddress(uri) ? 'blob' : 'web', chart: await kindInChart(uri) }).toEqual({
    server: kind,
    chart: kind,
  });
});
