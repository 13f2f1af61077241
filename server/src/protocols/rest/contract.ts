// GET /openapi.json and /openapi.yaml: the contract that requests are validated by.
import type { RequestHandler } from 'express';
import type { Registry } from '../../serving/registry.ts';

const mediaTypes = { json: 'application/json', yaml: 'application/yaml' } as const;

export function contractAs(models: Registry, form: keyof typeof mediaTypes): RequestHandler[] {
  return [(_req, res) => void res.type(mediaTypes[form]).send(models.main.contract[form]())];
}
