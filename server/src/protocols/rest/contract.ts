// GET /openapi.json and /openapi.yaml: the contract that requests are validated by.
import type { RequestHandler } from 'express';
import type { Registry } from '../../serving/registry.ts';
import { modelOf } from '../http/model-call.ts';

const mediaTypes = { json: 'application/json', yaml: 'application/yaml' } as const;

export function contractAs(models: Registry, form: keyof typeof mediaTypes): RequestHandler[] {
  return [
    (req, res) => {
      const { contract } = modelOf(models, req, res);
      res.type(mediaTypes[form]).send(contract[form]());
    },
  ];
}
