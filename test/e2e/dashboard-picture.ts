// What the dashboard shows, as an SVG file: its own panels at their own places, with what a Prometheus answers to their
// queries. Grafana itself draws finer; it cannot be had where this is developed.
import { dashboardJson } from '../../monitoring/dashboard/dashboard.ts';
import { fill } from '../../monitoring/dashboard/queries.ts';

/** What a query gave over time: seconds since the epoch, and values. */
export interface History {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [at: number, value: number])[];
}

export interface PictureOptions {
  readonly variables: Readonly<Record<string, string>>;
  /** Seconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly ask: (expression: string) => Promise<readonly History[]>;
}

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly fieldConfig?: { readonly defaults?: { readonly unit?: string } };
}

interface Line {
  readonly name: string;
  readonly points: History['points'];
}

/** Pixels of one column and one row of the grid; Grafana has 24 columns. */
const column = 50;
const row = 19;
const gap = 4;
/** Okabe and Ito's, which the colour-blind tell apart; they suit light and dark. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
/** Pixels that a character of a name takes, about; names that do not fit are left out. */
const character = 6.5;

export async function dashboardPicture(options: PictureOptions): Promise<string> {
  const { panels }: { readonly panels: readonly Panel[] } = JSON.parse(dashboardJson());
  const drawn: string[] = [];
  let left = 0; // rows of the grid that are not drawn
  let height = 0;
  for (const section of sectionsOf(panels)) {
    const filled = await Promise.all(
      section.map(async (panel) => ({ panel, lines: await linesOf(panel, options) })),
    );
    const bottom = Math.max(...section.map(({ gridPos }) => gridPos.y + gridPos.h));
    // Without data, as that of LLMs where there is none, it would only take space.
    if (filled.every(({ lines }) => lines.length === 0))
      left += bottom - (section[0]?.gridPos.y ?? 0);
    else for (const { panel, lines } of filled) drawn.push(draw(panel, left, lines, options));
    height = (bottom - left) * row;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${24 * column} ${height}" role="img" aria-label="The dashboard">
<style>
  svg { background: #f4f5f5 } rect { fill: #fff; stroke: #e2e8f0 } text { font: 11px system-ui, sans-serif; fill: #334155 }
  .title { font-weight: 600; font-size: 12px } .row { font-weight: 600; font-size: 13px } .axis { stroke: #cbd5e1 } polyline { fill: none; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) { svg { background: #111217 } rect { fill: #181b1f; stroke: #2c3235 } text { fill: #ccccdc } .axis { stroke: #475569 } }
</style>
${drawn.join('\n')}
</svg>
`;
}

/** Rows with the panels below them. */
function sectionsOf(panels: readonly Panel[]): Panel[][] {
  const sections: Panel[][] = [];
  for (const panel of panels) {
    if (panel.type === 'row' || sections.length === 0) sections.push([]);
    sections.at(-1)?.push(panel);
  }
  return sections;
}

function draw(
  { gridPos, title, type, fieldConfig }: Panel,
  left: number,
  lines: readonly Line[],
  options: PictureOptions,
): string {
  const at = `translate(${gridPos.x * column} ${(gridPos.y - left) * row})`;
  if (type === 'row')
    return `<g transform="${at}"><text class="row" x="6" y="14">${escapeXml(title)}</text></g>`;
  const size = { width: gridPos.w * column - gap, height: gridPos.h * row - gap };
  const unit = fieldConfig?.defaults?.unit ?? '';
  return `<g transform="${at}"><rect width="${size.width}" height="${size.height}" rx="3"/>
<text class="title" x="8" y="17">${escapeXml(title)}</text>
${plot(lines, size, unit, options)}</g>`;
}

async function linesOf(
  { targets = [] }: Panel,
  { variables, ask }: PictureOptions,
): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { expr, legendFormat } of targets)
    for (const { labels, points } of await ask(fill(expr, variables)))
      lines.push({
        name: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? ''),
        points,
      });
  return lines;
}

function plot(
  lines: readonly Line[],
  { width, height }: { readonly width: number; readonly height: number },
  unit: string,
  { from, to }: PictureOptions,
): string {
  const left = 56;
  const [top, bottom] = [28, height - 22];
  const values = lines
    .flatMap(({ points }) => points.map(([, value]) => value))
    .filter(Number.isFinite);
  const most = Math.max(...values, 0) || 1;
  const least = Math.min(...values, 0);
  const x = (time: number) => left + ((time - from) / (to - from)) * (width - left - 10);
  const y = (value: number) => bottom - ((value - least) / (most - least)) * (bottom - top);
  const place = ([time, value]: History['points'][number]) =>
    `${x(time).toFixed(0)},${y(value).toFixed(0)}`;
  const curves = lines.flatMap(({ points }, i) =>
    unbroken(points).map(
      (part) =>
        `<polyline stroke="${colours[i % colours.length]}" points="${part.map(place).join(' ')}"/>`,
    ),
  );
  return `<path class="axis" d="M${left} ${bottom}H${width - 10}"/>
<text x="${left - 5}" y="${top + 4}" text-anchor="end">${show(most, unit)}</text><text x="${left - 5}" y="${bottom + 4}" text-anchor="end">${show(least, unit)}</text>
${curves.join('\n')}
<text x="8" y="${height - 7}">${legend(lines, width / character)}</text>`;
}

/** The stretches without a gap: Prometheus leaves out what is not there, and NaN is no value. */
function unbroken(points: History['points']): History['points'][] {
  const steps = points.slice(1).map(([at], i) => at - (points[i]?.[0] ?? at));
  const longest = 1.5 * Math.min(...steps);
  const parts: (readonly [number, number])[][] = [];
  for (const point of points.filter(([, value]) => Number.isFinite(value))) {
    const last = parts.at(-1)?.at(-1);
    if (last === undefined || point[0] - last[0] > longest) parts.push([]);
    parts.at(-1)?.push(point);
  }
  return parts;
}

/** The names of as many lines as fit into so many characters. */
function legend(lines: readonly Line[], room: number): string {
  const names: string[] = [];
  let used = ' and 10 more'.length;
  for (const [i, { name }] of lines.entries()) {
    used += name.length + 3;
    if (used > room) break;
    names.push(`<tspan style="fill:${colours[i % colours.length]}">${escapeXml(name)}</tspan>`);
  }
  const more = lines.length - names.length;
  return names.join(' · ') + (more > 0 ? ` and ${more} more` : '');
}

/** A value in its unit, as Grafana names units. */
function show(value: number, unit: string): string {
  const short = (number: number) => String(Number(number.toPrecision(2)));
  if (unit === 'percentunit') return `${short(100 * value)} %`;
  if (unit === 'bytes') return `${short(value / 2 ** 20)} MiB`;
  if (unit === 's') return Math.abs(value) < 1 ? `${short(1000 * value)} ms` : `${short(value)} s`;
  const suffix = { percent: ' %', reqps: '/s', rps: '/s' }[unit] ?? '';
  return short(value) + suffix;
}

function escapeXml(text: string): string {
  return text.replaceAll(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
