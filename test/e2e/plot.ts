// A plot over time as an SVG file: panels below each other that share the x axis. It fits light and dark pages.
export type Series = {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** The value holds until the next point, as a number of pods does. */
  readonly step?: boolean;
};

export type Panel = {
  readonly label: string;
  readonly series: readonly Series[];
  /** A value to compare with. */
  readonly line?: { readonly name: string; readonly y: number };
};

export type Plot = {
  readonly title: string;
  readonly xLabel: string;
  readonly panels: readonly Panel[];
};

const width = 760;
const panelHeight = 130;
const margin = { left: 64, right: 20, top: 34, between: 40, bottom: 44 };
const colours = ['#2563eb', '#d97706'];
const inner = width - margin.left - margin.right;

export function plot({ title, xLabel, panels }: Plot): string {
  const height =
    margin.top + panels.length * (panelHeight + margin.between) - margin.between + margin.bottom;
  const xs = panels.flatMap(({ series }) =>
    series.flatMap(({ points }) => points.map(({ x }) => x)),
  );
  const last = Math.max(...xs);
  // The axis ends at the last point, and not at a round value: the ticks beyond it would lie outside of the picture.
  const xTicks = ticks(last, 10).filter((x) => x <= last);
  const scaleX = (x: number) => margin.left + (x / last) * inner;
  const drawn = panels.map((panel, index) =>
    drawPanel(panel, margin.top + index * (panelHeight + margin.between), scaleX, xTicks),
  );
  const axis = xTicks.map((x) => text(scaleX(x), height - margin.bottom + 18, String(x), 'middle'));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<style>
  svg { background: #fff } text { font: 12px system-ui, sans-serif; fill: #334155 } .grid { stroke: #e2e8f0 } .target { stroke: #94a3b8 }
  @media (prefers-color-scheme: dark) { svg { background: #0f172a } text { fill: #cbd5e1 } .grid { stroke: #334155 } }
</style>
${text(margin.left, 16, title, 'start', 'font-weight: 600')}
${drawn.join('\n')}
${axis.join('\n')}
${text(margin.left + inner / 2, height - 8, xLabel, 'middle')}
</svg>
`;
}

function drawPanel(
  { label, series, line }: Panel,
  top: number,
  scaleX: (x: number) => number,
  xTicks: readonly number[],
): string {
  const ys = series.flatMap(({ points }) => points.map(({ y }) => y));
  const yTicks = ticks(Math.max(...ys, line?.y ?? 0), 4);
  const highest = yTicks.at(-1) ?? 1;
  const bottom = top + panelHeight;
  const scaleY = (y: number) => bottom - (y / highest) * panelHeight;
  const grid = [
    ...yTicks.map((y) => `<path class="grid" d="M${margin.left} ${scaleY(y)}h${inner}"/>`),
    ...xTicks.map((x) => `<path class="grid" d="M${scaleX(x)} ${top}V${bottom}"/>`),
  ];
  const marks = yTicks.map((y) => text(margin.left - 8, scaleY(y) + 4, String(y), 'end'));
  const curves = series.map(({ points, step }, index) => {
    const path = points.map(({ x, y }, i) => {
      const [px, py] = [scaleX(x).toFixed(1), scaleY(y).toFixed(1)];
      if (i === 0) return `M${px} ${py}`;
      return step ? `H${px}V${py}` : `L${px} ${py}`;
    });
    return `<path fill="none" stroke-width="2" stroke="${colours[index]}" d="${path.join('')}"/>`;
  });
  const target = line
    ? `<path class="target" stroke-dasharray="5 4" d="M${margin.left} ${scaleY(line.y)}h${inner}"/>`
    : '';
  const names = [
    ...series.map(({ name }, index) => `<tspan style="fill: ${colours[index]}">${name}</tspan>`),
    ...(line ? [`<tspan>${line.name} ${line.y}</tspan>`] : []),
  ];
  return [
    ...grid,
    ...marks,
    target,
    ...curves,
    text(margin.left, top - 8, label, 'start'),
    `<text x="${width - margin.right}" y="${top - 8}" text-anchor="end">${names.join(' · ')}</text>`,
  ].join('\n');
}

/** Round values from 0 to at least the largest, about so many. */
function ticks(largest: number, about: number): number[] {
  const raw = Math.max(largest, 1) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(
    1,
    [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw) ?? raw,
  );
  return Array.from({ length: Math.ceil(Math.max(largest, 1) / step) + 1 }, (_, i) => i * step);
}

function text(
  x: number,
  y: number,
  content: string,
  anchor: 'start' | 'middle' | 'end',
  style = '',
): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"${style ? ` style="${style}"` : ''}>${content}</text>`;
}
