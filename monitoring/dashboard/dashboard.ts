// The Grafana dashboard as a whole: its variables and its rows. In Grafana's first schema, because that is what
// provisioning and its sidecar read in every version.
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { llmPanels } from './llms.ts';
import { modelPanels } from './model.ts';
import { modelsPanels } from './models.ts';
import { datasource } from './panels.ts';
import { replicaPanels, resourcePanels, saturationPanels } from './pods.ts';
import { requestPanels } from './requests.ts';
import { shadowPanels } from './shadow.ts';
import { versionPanels } from './versions.ts';

const rows = {
  Requests: requestPanels,
  'Versions compared': versionPanels,
  Replicas: replicaPanels,
  Saturation: saturationPanels,
  Model: modelPanels,
  'Models compared': modelsPanels,
  Shadow: shadowPanels,
  LLMs: llmPanels,
  Resources: resourcePanels,
};

/** What there is of every pod that serves a model: by our predictor, or of LLMs. */
const serving =
  '{__name__=~"ml_api_model_info|vllm:num_requests_running|llamacpp:requests_processing"}';

const all = { text: ['All'], value: ['$__all'] };

/** The dashboard, as JSON text that Grafana imports. */
export function dashboardJson(): string {
  const dashboard = new DashboardBuilder('ml-api')
    .uid('ml-api')
    .description(
      'Predictors of the chart ml-api. Made by monitoring/dashboard: edits here are lost.',
    )
    .tags(['ml-api'])
    .refresh('30s')
    .time({ from: 'now-1h', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(
      new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
    )
    .withVariable(variable('namespace', 'Namespace', `label_values(${serving}, namespace)`))
    .withVariable(
      variable(
        'deployment',
        'Version',
        `label_values(${serving.replace('}', ',namespace="$namespace"}')}, pod)`,
      )
        .regex('/^(.+)-[a-z0-9]+-[a-z0-9]+$/') // the pod's Deployment, which bears release and version in its name
        .multi(true)
        .includeAll(true)
        .current(all),
    )
    .withVariable(
      variable('model', 'Model', 'label_values(ml_api_model_info{namespace="$namespace"}, name)')
        .multi(true)
        .includeAll(true)
        .allValue('.*') // also what is of no model, such as calls of one that there is not
        .current(all),
    );
  let id = 1;
  for (const [title, panels] of Object.entries(rows)) {
    dashboard.withRow(new RowBuilder(title).id(id++));
    for (const panel of panels) dashboard.withPanel(panel.id(id++));
  }
  return `${JSON.stringify(dashboard.build(), null, 2)}\n`;
}

function variable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ query, refId: name })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}
