// What --push takes for a registry, and what it makes of docker's own words for a push.
import { expect, it } from 'vitest';
import { digestAmong, parseRepository } from './image/repository.ts';

it.each([
  ['ghcr.io/you/ml-api', 'ghcr.io', 'ghcr.io/you/ml-api', false],
  ['you/ml-api', 'docker.io', 'docker.io/you/ml-api', false],
  ['docker.io/you/ml-api', 'docker.io', 'docker.io/you/ml-api', false],
  ['localhost/ml-api', 'localhost', 'localhost/ml-api', true],
  ['localhost:5000/a/b__c/d-e', 'localhost:5000', 'localhost:5000/a/b__c/d-e', true],
  ['registry:5000/ml-api', 'registry:5000', 'registry:5000/ml-api', false],
  ['127.0.0.1:5000/ml-api', '127.0.0.1:5000', '127.0.0.1:5000/ml-api', true],
  ['[::1]:5000/ml-api', '[::1]:5000', '[::1]:5000/ml-api', true],
  ['localhost.example.com/ml-api', 'localhost.example.com', 'localhost.example.com/ml-api', false],
])('%s is at %s', (text, host, name, isLocal) => {
  expect(parseRepository(text)).toEqual({ host, name, isLocal });
});

it.each([
  '',
  '/',
  'ghcr.io',
  'ghcr.io/',
  'ml-api',
  'docker.io/ml-api',
  'ghcr.io//ml-api',
  'ghcr.io/you/ml-api:1',
  `ghcr.io/you/ml-api@sha256:${'0'.repeat(64)}`,
  'https://ghcr.io/you/ml-api',
  'ghcr.io/You/ml-api',
  '../ml-api',
  '-a/b',
  `${'a-'.repeat(50_000)}/b`,
])('%j is no repository', (text) => {
  expect(parseRepository(text)).toBeUndefined();
});

it("finds the digest of a push among docker's, where Docker Hub has no name", () => {
  const digests = ['ghcr.io/you/ml-api@sha256:1', 'you/ml-api@sha256:2', ''];
  const digestOf = (name: string) => {
    const repository = parseRepository(name);
    return repository && digestAmong(digests, repository);
  };
  expect(digestOf('you/ml-api')).toBe('sha256:2');
  expect(digestOf('docker.io/you/ml-api')).toBe('sha256:2');
  expect(digestOf('ghcr.io/you/ml-api')).toBe('sha256:1');
  expect(digestOf('ghcr.io/me/ml-api')).toBeUndefined();
});
