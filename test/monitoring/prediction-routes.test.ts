// What predicts is the same to the rules, the dashboard, the gate, `npm run status` and `ml-sdk report`, over HTTP and over gRPC.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { panelQueries } from '../../monitoring/dashboard/queries.ts';
import { figuresOf } from '../../monitoring/status/figures.ts';
import { readProtos } from '../../server/src/protocols/grpc/protos.ts';
import { chartRules } from '../rules/chart-rules.ts';

const project = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(project, file), 'utf8');

/** All that the label `route` can be: paths of the contract, and methods of the .proto files. */
const routes = [
  ...Object.keys(parse(read('openapi.yaml')).paths),
  ...readProtos(pathToFileURL(path.join(project, 'proto/'))).methods.map(({ path }) => path),
].map((route) => route.replaceAll(/\{(\w+)\}/g, ':$1'));
const predicting = routes.filter((route) => /(\/predict|\/infer|Infer)$/.test(route)).sort();

const variables = {
  namespace: 'models',
  deployment: 'ml-api-v1',
  model: '.*',
  __rate_interval: '1m',
};
const rules = chartRules().groups.flatMap((group) => group.rules);
const patterns: Readonly<Record<string, readonly string[]>> = {
  rules: rules.flatMap(({ expr }) => patternsIn(expr)),
  dashboard: panelQueries(variables).flatMap(({ expr }) => patternsIn(expr)),
  gate: patternsIn(read('server/src/commands/gate/gate.ts')),
  'ml-sdk report': patternsIn(read('sdk/src/cli/report/figures.ts')),
};

/** The regular expressions of routes in PromQL, or in code that makes some. */
function patternsIn(text: string): string[] {
  return [...text.matchAll(/["'](\/predict\|[^"']+)["']/g)].map(([, pattern]) => pattern ?? '');
}

it('there are routes that predict, over both', () => {
  expect(predicting).toEqual([
    '/inference.GRPCInferenceService/ModelInfer',
    '/inference.GRPCInferenceService/ModelStreamInfer',
    '/predict',
    '/v2/models/:model/infer',
    '/v2/models/:model/versions/:version/infer',
  ]);
});

it.each(Object.entries(patterns))('they are all that the %s counts', (_who, found) => {
  expect(found.length).toBeGreaterThan(0);
  for (const pattern of new Set(found)) {
    const matched = routes.filter((route) => new RegExp(`^(?:${pattern})$`).test(route));
    expect(matched.sort()).toEqual(predicting);
  }
});

it('they are all that `npm run status` counts', () => {
  const counted = routes.filter((route) => {
    const name = 'ml_api_http_requests_total';
    return figuresOf([{ name, labels: { route, status: '200' }, value: 1 }]).requests === 1;
  });
  expect(counted.sort()).toEqual(predicting);
});
