// The dashboard's queries as Prometheus gets them, for tests that run them.
import { dashboardJson } from './dashboard.ts';

export type PanelQuery = { readonly panel: string; readonly expr: string };

/** Every query of every panel, with the dashboard's variables replaced by these values. */
export function panelQueries(variables: Readonly<Record<string, string>>): PanelQuery[] {
  type Panel = { readonly title: string; readonly targets?: readonly { readonly expr: string }[] };
  const { panels }: { readonly panels: readonly Panel[] } = JSON.parse(dashboardJson());
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ panel: title, expr: fill(expr, variables) })),
  );
}

/** A query with the dashboard's variables replaced by these values. */
export function fill(expr: string, variables: Readonly<Record<string, string>>): string {
  return expr.replace(/\$(\w+)/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined)
      throw new Error(`The dashboard has the variable $${name}: give panelQueries a value for it.`);
    return value;
  });
}
