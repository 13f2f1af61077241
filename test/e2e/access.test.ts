// Who may reach a release: the NetworkPolicy, API keys, and TLS at the Ingress.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { AuthenticationError, createClient } from '@org/ml-sdk';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually, predict } from './http.ts';
import { useNamespace } from './namespace.ts';
import { startNodePod } from './node-pod.ts';
import { Release } from './release.ts';

const { networkPolicyEnforced, ingress } = inject('cluster');
if (!networkPolicyEnforced)
  console.log('This cluster enforces no NetworkPolicy: those tests are left out.');

describe.skipIf(!networkPolicyEnforced)('the NetworkPolicy', () => {
  const namespace = useNamespace('network-policy');
  const release = new Release(namespace);

  beforeAll(async () => {
    // Requests from the ingress controller alone, and metrics from nobody.
    const fromIngress = {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } },
    };
    await release.install({ networkPolicy: { from: [fromIngress], metricsFrom: [fromIngress] } });
    const program = "require('node:http').createServer().listen(8000)";
    await startNodePod(namespace, { name: 'client', port: 8000, program });
  });

  it('lets requests through the Ingress', async () => {
    await eventually(10, async () => {
      const answer = await predict(release.host, '/predict', [5.1, 3.5, 1.4, 0.2]);
      expect(answer.body).toEqual({ prediction: [0] });
    });
  });

  it('keeps another pod of the namespace away from predictions and metrics', async () => {
    const [pod] = await namespace.predictors();
    expect(await connection('client', pod?.status.podIP, 5000)).toBe('timeout');
    expect(await connection('client', pod?.status.podIP, 9090)).toBe('timeout');
  });

  it('lets the pod of helm test through', async () => {
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
  });

  it('lets the predictor ask DNS, and nothing else', async () => {
    const [pod] = await namespace.predictors();
    const predictor = pod?.metadata.name ?? '';
    const client = await namespace.get('pod', 'client');
    expect(await connection('client', client.status.podIP, 8000)).toBe('open'); // it is there
    expect(await connection(predictor, client.status.podIP, 8000)).toBe('timeout');
    expect(await connection(predictor, 'client', 8000)).toBe('timeout'); // not ENOTFOUND: DNS answered
  });

  it('lets every pod in where it names none', async () => {
    await release.install();
    const [pod] = await namespace.predictors();
    await eventually(10, async () => {
      expect(await connection('client', pod?.status.podIP, 5000)).toBe('open');
    });
  });

  /** How an attempt to connect ends, made inside a pod. */
  async function connection(pod: string, host: string, port: number): Promise<string> {
    const program = `const socket = require('node:net').connect(${port}, '${host}');
      const end = (how) => { console.log(how); process.exit(); };
      socket.on('connect', () => end('open')).on('error', (error) => end(error.code));
      setTimeout(end, 2000, 'timeout');`;
    return (
      await namespace.kubectl(['exec', pod, '--', '/usr/local/bin/node', '-e', program])
    ).trim();
  }
});

describe('API keys', () => {
  const namespace = useNamespace('api-keys');
  const release = new Release(namespace);
  const row = [5.1, 3.5, 1.4, 0.2];
  const client = async (apiKey?: string) =>
    createClient({ baseUrl: await namespace.serviceUrl('ml-api-v1'), apiKey });

  beforeAll(async () => {
    await namespace.applySecret('keys', { 'api-keys': 'first-key\nsecond-key\n' });
    await release.install({ auth: { existingSecret: 'keys' } });
  });

  it('are asked for', async () => {
    for (const key of [undefined, 'another-key']) {
      const call = (await client(key)).predict({ inputs: row });
      await expect(call).rejects.toThrow(AuthenticationError);
    }
  });

  it.each(['first-key', 'second-key'])('let the caller in: %s', async (key) => {
    expect(await (await client(key)).predict({ inputs: row })).toEqual({ prediction: [0] });
  });

  it('are known to helm test, and not asked for by the probes', async () => {
    const { ok, output } = await release.test();
    expect(ok, output).toBe(true);
  });
});

describe.skipIf(ingress === null)('TLS at the Ingress', () => {
  const namespace = useNamespace('tls');
  const release = new Release(namespace);
  let certificate = '';

  beforeAll(async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'tls-'));
    const [key, cert] = [path.join(folder, 'tls.key'), path.join(folder, 'tls.crt')];
    try {
      const selfSigned = [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '1',
        '-keyout',
        key,
        '-out',
        cert,
      ];
      const names = [
        '-subj',
        `/CN=${release.host}`,
        '-addext',
        `subjectAltName=DNS:${release.host}`,
      ];
      execFileSync('openssl', [...selfSigned, ...names], { stdio: 'ignore' });
      certificate = readFileSync(cert, 'utf8');
      await namespace.kubectl([
        'create',
        'secret',
        'tls',
        'certificate',
        `--cert=${cert}`,
        `--key=${key}`,
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
    await release.install({
      ingress: { hosts: [release.host], tls: { enabled: true, secretName: 'certificate' } },
    });
  });

  it('answers with the certificate of the Secret', async () => {
    const answer = await eventually(15, () => predictByTls());
    expect(JSON.parse(answer)).toEqual({ prediction: [0] });
  });

  /** A prediction from a caller who trusts that certificate, and no other. */
  async function predictByTls(): Promise<string> {
    const [address = '', port = '443'] = ingress?.https.split(':') ?? [];
    const body = '{"inputs":[5.1,3.5,1.4,0.2]}';
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const sent = request(
      {
        method: 'POST',
        host: address,
        port,
        path: '/v1/predict',
        servername: release.host,
        ca: certificate,
        headers: { host: release.host, 'content-type': 'application/json' },
      },
      (response) => text(response).then(resolve, reject),
    );
    sent.on('error', reject).end(body);
    return await promise;
  }
});
