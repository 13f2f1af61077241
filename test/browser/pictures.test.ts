// The drawings of the documentation, and what draws them: all of it lies in the picture.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { plot } from '../e2e/plot.ts';
import { newPage } from './browser.ts';

const images = path.resolve(import.meta.dirname, '../../docs/images');
const committed = readdirSync(images).filter((name) => name.endsWith('.svg'));

/** Two panels whose points end between round values. */
const drawn = plot({
  title: 'A plot',
  xLabel: 'seconds',
  panels: [97, 191.3].map((end) => ({
    label: `to ${end}`,
    series: [
      {
        name: 'one',
        points: [
          { x: 0, y: 0 },
          { x: end, y: 7.3 },
        ],
      },
    ],
    line: { name: 'limit', y: 9.1 },
  })),
});

it.each([
  ...committed.map((name) => [name, readFileSync(path.join(images, name), 'utf8')] as const),
  ['a plot', drawn] as const,
])('%s draws within its viewBox', async (_, svg) => {
  const page = await newPage({ viewport: { width: 1400, height: 1200 } });
  onTestFinished(() => page.context().close());
  await page.setContent(svg);
  const outside = await page.evaluate<string[]>(`(() => {
    const svg = document.querySelector('svg');
    const box = svg.viewBox.baseVal;
    const toSvg = svg.getScreenCTM().inverse();
    return [...svg.querySelectorAll('path, polyline, rect, text')].filter((one) => {
      const { left, top, right, bottom } = one.getBoundingClientRect();
      const from = new DOMPoint(left, top).matrixTransform(toSvg);
      const to = new DOMPoint(right, bottom).matrixTransform(toSvg);
      // Half a unit for what rounds.
      return from.x < box.x - 0.5 || from.y < box.y - 0.5 || to.x > box.x + box.width + 0.5 || to.y > box.y + box.height + 0.5;
    }).map((one) => one.outerHTML.slice(0, 120));
  })()`);
  expect(outside).toEqual([]);
  expect(await page.locator('svg > *, svg g > *').count()).toBeGreaterThan(5);
});
