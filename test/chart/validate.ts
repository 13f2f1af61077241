// Manifests held against the schemas of a Kubernetes version and of custom resources.
import { runTool, type ToolResult } from '../tools/tool.ts';
import { customResourceDefinitions, type KubernetesVersion, kubernetesSchemas } from './schemas.ts';

/** @param definitions the folder with those of custom resources; by default of those that the chart can make */
export function validate(
  version: KubernetesVersion,
  file: string,
  definitions = customResourceDefinitions(),
): ToolResult {
  return runTool('kubectl-validate', [
    file,
    '--local-schemas',
    kubernetesSchemas(version),
    '--local-crds',
    definitions,
    // Of the versions it has built in, for groups that a cluster has no schemas of; it would ask a server otherwise.
    '--version=1.30',
  ]);
}
