// The hooks and the handlers of probes that the chart takes are those that Kubernetes takes and the kubelet runs: Kubernetes' own
// validation is asked about each.
import { afterAll, describe, expect, test } from 'vitest';
import { startAdmitter } from './admit.ts';
import { faultsOf } from './faults.ts';

const admitter = startAdmitter();
afterAll(() => admitter.close());

const hook = (name: string, handler: unknown) => ({ lifecycle: { [name]: handler } });
const probe = (name: string, handler: unknown) => ({ probes: { [name]: { handler } } });

async function admit(versionDefaults: object) {
  const values = { versionDefaults };
  const rendering = { release: 'ml-api', namespace: 'models', upgrade: false, values };
  const admission = await admitter.admit(rendering);
  expect(faultsOf(rendering, admission)).toEqual([]);
  return 'refused' in admission ? admission.refused : 'admitted';
}

const headers = [{ name: 'X-A', value: '' }];

/** What both are. */
const taken = [
  null,
  {},
  { exec: { command: ['a'] } },
  { httpGet: { port: 'http' } },
  { httpGet: { port: 1, path: '/#x', host: 'h', scheme: 'HTTPS', httpHeaders: headers } },
  { httpGet: { port: 'metrics' } },
];
const refused = [
  { exec: { command: ['a'] }, httpGet: { port: 1 } },
  { exec: { command: [] } },
  { exec: {} },
  { exec: { command: 'a' } },
  { exec: { command: ['a'], args: ['b'] } },
  { httpGet: { path: '/' } },
  { httpGet: { port: 0 } },
  { httpGet: { port: 65_536 } },
  ...['', '1', 'a--b', '-a', 'a-', 'A', 'a-1-b', 'a'.repeat(16)].map((port) => ({
    httpGet: { port },
  })),
  { httpGet: { port: 1, scheme: 'http' } },
  { httpGet: { port: 1, httpHeaders: [{ name: 'a b', value: '' }] } },
  { shell: 'x' },
];

describe.each(['preStop', 'postStart'])('as the hook %s, the chart', (name) => {
  test.each([...taken, { sleep: { seconds: 0 } }, { sleep: { seconds: 5 } }])(
    'takes %j',
    async (handler) => expect(await admit(hook(name, handler))).toBe('admitted'),
  );

  test.each([
    ...refused,
    { exec: null },
    { exec: { command: ['a'] }, sleep: { seconds: 1 } },
    { sleep: { seconds: -1 } },
    { sleep: { seconds: 1.5 } },
    { sleep: {} },
    { sleep: { seconds: 1_000_000 } },
    { tcpSocket: { port: 'http' } }, // Kubernetes takes it, and the kubelet fails
    { grpc: { port: 1 } },
  ])('refuses %j', async (handler) => expect(await admit(hook(name, handler))).toContain(name));
});

describe.each(['startup', 'readiness', 'liveness'])(
  'as the handler of the probe %s, the chart',
  (name) => {
    test.each([
      ...taken,
      { exec: null }, // as if it were not there
      { tcpSocket: { port: 'http', host: 'h' } },
      { grpc: { port: 1, service: 's' } },
    ])('takes %j', async (handler) => expect(await admit(probe(name, handler))).toBe('admitted'));

    test.each([
      ...refused,
      { tcpSocket: { port: 1 }, grpc: { port: 1 } },
      { tcpSocket: {} },
      { grpc: { port: 'http' } },
      { sleep: { seconds: 1 } },
      { httpGet: { port: 1 }, periodSeconds: 1 }, // a value beside the handler
    ])('refuses %j', async (handler) => expect(await admit(probe(name, handler))).toContain(name));
  },
);
