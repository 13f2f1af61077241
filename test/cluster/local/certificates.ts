// The cluster's certificates and kubeconfigs. One authority signs all; openssl makes them.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from '../command.ts';
import { type Addresses, nodeName, paths } from './settings.ts';

/** The clients of the API server: the certificate's subject says who each is to Kubernetes' RBAC. */
const clients = {
  admin: '/O=system:masters/CN=admin',
  'controller-manager': '/CN=system:kube-controller-manager',
  scheduler: '/CN=system:kube-scheduler',
  kubelet: `/O=system:nodes/CN=system:node:${nodeName}`,
  'kube-proxy': '/CN=system:kube-proxy',
  netpol: '/CN=netpol',
};
export type Client = keyof typeof clients;

export const certificate = (name: string) => path.join(paths.certificates, `${name}.crt`);
export const privateKey = (name: string) => path.join(paths.certificates, `${name}.key`);
export const kubeconfig = (client: Client) =>
  client === 'admin' ? paths.kubeconfig : path.join(paths.configuration, `${client}.kubeconfig`);

/** Makes all of them. */
export async function createCertificates(addresses: Addresses): Promise<void> {
  await make('ca', '/CN=ml-api-cluster', []);
  const service = 'kubernetes.default.svc';
  const names = ['kubernetes', 'kubernetes.default', service, `${service}.cluster.local`];
  const ips = [addresses.apiService, addresses.node, '127.0.0.1'];
  const alternatives = [...names.map((name) => `DNS:${name}`), ...ips.map((ip) => `IP:${ip}`)];
  await Promise.all([
    signed('apiserver', '/CN=kube-apiserver', `subjectAltName=${alternatives.join(',')}`),
    signed('apiserver-kubelet', '/O=system:masters/CN=apiserver-kubelet'),
    signed('front-proxy', '/CN=front-proxy'),
    run('openssl', [
      'ecparam',
      '-name',
      'prime256v1',
      '-genkey',
      '-noout',
      '-out',
      privateKey('service-accounts'),
    ]),
    ...Object.entries(clients).map(([name, subject]) => signed(name, subject)),
  ]);
  for (const name of Object.keys(clients))
    if (isClient(name)) writeKubeconfig(name, addresses.node);
}

async function signed(name: string, subject: string, extension?: string): Promise<void> {
  const authority = ['-CA', certificate('ca'), '-CAkey', privateKey('ca')];
  const usage = ['-addext', 'extendedKeyUsage=serverAuth,clientAuth'];
  const more = extension === undefined ? [] : ['-addext', extension];
  await make(name, subject, [
    ...authority,
    '-addext',
    'basicConstraints=critical,CA:FALSE',
    ...usage,
    ...more,
  ]);
}

async function make(name: string, subject: string, more: readonly string[]): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
  const files = ['-keyout', privateKey(name), '-out', certificate(name)];
  await run('openssl', [
    'req',
    '-x509',
    ...key,
    ...files,
    '-days',
    '365',
    '-subj',
    subject,
    ...more,
  ]);
}

function writeKubeconfig(client: Client, node: string): void {
  const base64 = (file: string) => readFileSync(file).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'ml-api',
        cluster: {
          server: `https://${node}:6443`,
          'certificate-authority-data': base64(certificate('ca')),
        },
      },
    ],
    users: [
      {
        name: client,
        user: {
          'client-certificate-data': base64(certificate(client)),
          'client-key-data': base64(privateKey(client)),
        },
      },
    ],
    contexts: [{ name: 'ml-api', context: { cluster: 'ml-api', user: client } }],
    'current-context': 'ml-api',
  };
  // JSON is YAML.
  writeFileSync(kubeconfig(client), JSON.stringify(config, null, 2), { mode: 0o600 });
}

function isClient(name: string): name is Client {
  return Object.hasOwn(clients, name);
}
