// Which pods' figures the promotion gate reads: releases whose names begin alike may lie in one namespace.
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { render } from './chart.ts';

/** What the gate of a release reads, as Prometheus takes it: anchored at both ends. */
function podsOfGate(...args: readonly string[]): RegExp {
  const job = parse(
    render(
      '--is-upgrade',
      '--show-only=templates/promotion-gate.yaml',
      '--set=versions.v2.enabled=true,traffic.weights.v1=9,traffic.weights.v2=1,traffic.splitBy=predictor',
      '--set=promotion.gate.enabled=true,promotion.gate.prometheusUrl=http://prometheus:9090',
      ...args,
    ),
  );
  const series = job.spec.template.spec.containers[0].args.find((arg: string) =>
    arg.startsWith('--series='),
  );
  return new RegExp(`^(?:${/pod=~"(.*)"$/.exec(series)?.[1]})$`);
}

test('the gate reads the pods of its release', () => {
  expect('ml-api-v1-6d5f8c7b9-x2x4z').toMatch(podsOfGate());
  expect('ml-api-v2-84b9-bcdfg').toMatch(podsOfGate());
});

test.each([
  'ml-api-2-v1-6d5f8c7b9-x2x4z',
  'ml-api-canary-v2-6d5f8c7b9-x2x4z',
  'ml-api-v1-v2-6d5f8c7b9-x2x4z',
  'ml-api-v3-6d5f8c7b9-x2x4z',
  'my-ml-api-v1-6d5f8c7b9-x2x4z',
  'ml-api-v1-test',
  'ml-api-promotion-gate-x2x4z',
])('it does not read %s', (pod) => {
  expect(pod).not.toMatch(podsOfGate());
});

test('it reads pods whose long names Kubernetes cut', () => {
  const pods = podsOfGate(`--set=fullnameOverride=${'a'.repeat(46)}`);
  const deployment = `${'a'.repeat(46)}-v2`;
  const generated = `${deployment}-6d5f8c7b9d-`.slice(0, 58); // as the API server makes names
  expect(`${generated}x2x4z`).toMatch(pods);
  expect(`${deployment}-test`).not.toMatch(pods);
});
