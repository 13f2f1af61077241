// GET /openapi.json and /openapi.yaml: the contract that requests are validated by.
import type { RequestHandler } from 'express';
import type { Registry } from '../../serving/registry.ts';
import { modelOf } from '../http/model-call.ts';

const mediaTypes = { json: 'application/json', yaml: 'application/yaml' } as const;

/** @param basePath where the model is, too, of calls that name none */
export function contractAs(
  models: Registry,
  form: keyof typeof mediaTypes,
  basePath = '/',
): RequestHandler[] {
  return [
    (req, res) => {
      const served = modelOf(models, req, res);
      // Which version calls get that name none may change; who asks for one by its version keeps it.
      const isMain = served === models.main && req.params['nameVersion'] === undefined;
      res.type(mediaTypes[form]).send(served.contract[form](isMain ? basePath : undefined));
    },
  ];
}
