// Panels that look alike: lines over time, one for each version unless said otherwise.
import {
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The data source that the reader chooses. */
export const datasource = { type: 'prometheus', uid: '$datasource' };

export type Query = {
  readonly expr: string;
  /** The name of each line, with labels in double braces; `{{version}}` when left out. */
  readonly legend?: string;
};

export type PanelOptions = {
  readonly title: string;
  /** What the reader learns, and when to worry. */
  readonly description: string;
  /** A unit's id in Grafana. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Columns of 24. */
  readonly width: number;
  /** The lower end of the axis; 0 when left out, and null where values may lie below. */
  readonly min?: null;
  /** The upper end of the axis, where the unit has one. */
  readonly max?: number;
  /** Lines lie on each other, as parts of a whole. */
  readonly stacked?: boolean;
};

export function panel(options: PanelOptions): PanelBuilder {
  const { title, description, unit, queries, width, min, max, stacked = false } = options;
  const built = new PanelBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .unit(unit)
    .span(width)
    .height(8)
    .fillOpacity(stacked ? 60 : 10)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(
      new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending),
    );
  if (min !== null) built.min(0);
  if (max !== undefined) built.max(max);
  if (stacked) built.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  queries.forEach(({ expr, legend = '{{version}}' }, index) => {
    built.withTarget(
      new DataqueryBuilder()
        .refId(String.fromCharCode('A'.charCodeAt(0) + index))
        .datasource(datasource)
        .expr(expr)
        .legendFormat(legend)
        .range(),
    );
  });
  return built;
}
