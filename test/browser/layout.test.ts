// Where things stand in the playground, and that they stay there: the prediction, what is wrong, results, and code.
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { testModel } from '../../server/test/start.ts';
import { open, openUrl, result, twoVersions } from './browser.ts';
import { differing, flowersAsCsv, irisModel } from './iris.ts';

const PHONE = { width: 375, height: 667 };

const openTwo = async (viewport: { width: number; height: number }) =>
  openUrl(await twoVersions(irisModel('v1'), irisModel('v2')), { viewport });

/** Where something is on the page, wherever that is scrolled to. */
async function placeOf(one: Locator) {
  const box = await one.boundingBox();
  if (box === null) throw new Error(`${one} is not displayed`);
  const scrolled = await one.page().evaluate<number>('scrollY');
  return { left: box.x, top: box.y + scrolled, width: box.width, height: box.height };
}

const bottomOf = async (one: Locator) => {
  const { top, height } = await placeOf(one);
  return top + height;
};

describe('the prediction', () => {
  it('is said once: its class above, its probability at the bar', async () => {
    const page = await open({}, { viewport: { width: 1280, height: 900 } });
    expect(await page.locator('#tiles').innerText()).toBe('setosa');
    const mark = page.locator('[aria-current=true] .mark');
    // For screen readers, the bar has it, too.
    expect(await mark.textContent()).toBe('✓ predicted');
    expect(await placeOf(mark)).toMatchObject({ width: 1, height: 1 });
  });

  it('of two versions is marked at the bars, which lie between each other', async () => {
    const page = await openTwo({ width: 1280, height: 900 });
    expect((await placeOf(page.locator('[aria-current=true] .mark').first())).width).toBe(16);
    expect(await page.locator('#description').textContent()).toMatch(/^v1: Iris.*\nv2: Iris/);
  });

  it.each(['one version', 'two versions'])(
    'stays in sight on a phone, and hides no field that has the focus: %s',
    async (which) => {
      const page = await (which === 'one version' ? open({}, { viewport: PHONE }) : openTwo(PHONE));
      const now = page.locator('#now');
      await page.getByRole('button', { name: 'Reset' }).focus();
      for (let i = 0; i < 8; i++) {
        await page.keyboard.press('Tab');
        const [field, head] = [await page.locator(':focus').boundingBox(), await now.boundingBox()];
        if (field === null || head === null) throw new Error('nothing has the focus');
        expect(field.y + field.height).toBeLessThanOrEqual(head.y);
        expect(head.y + head.height).toBeLessThanOrEqual(PHONE.height);
        expect(head.height).toBeLessThan(PHONE.height / 4);
        expect(await isInFront(page, head)).toBe(true);
      }
      for (const [i, value] of differing().inputs.entries())
        await page.locator(`#feature-${i}`).fill(String(value));
      await expect.poll(() => result(page).first().innerText()).toBe(differing().labels[0]);
      expect(await page.locator('.odds').first().isVisible()).toBe(true);
      // At its own place, it joins what belongs to it.
      await page.locator('#latency').scrollIntoViewIfNeeded();
      expect(await bottomOf(now)).toBeCloseTo((await placeOf(page.locator('#details'))).top, 0);
    },
  );

  it('of tensors, which are large, stays at its place', async () => {
    const page = await open({ MODEL_DIR: testModel('negative') }, { viewport: PHONE });
    expect(
      await page.evaluate<string>("getComputedStyle(document.querySelector('#now')).position"),
    ).toBe('static');
  });
});

/** Whether nothing lies on the middle of a part of the window. */
const isInFront = (
  page: Page,
  { x, y, width, height }: Record<'x' | 'y' | 'width' | 'height', number>,
) =>
  page.evaluate<boolean>(
    `document.elementFromPoint(${x + width / 2}, ${y + height / 2}).closest('#now') !== null`,
  );

describe('a line of the latest values', () => {
  it.each([
    ['round trips of iris', '#latency', {}],
    ['predictions of a regression', '#history', { MODEL_DIR: testModel('line') }],
  ])('begins with the second, and moves nothing: %s', async (_, id, env) => {
    const page = await open(env);
    const [trace, svg] = [page.locator(id), page.locator(`${id} svg`)];
    expect(await svg.locator('polyline').count()).toBe(0);
    expect(await svg.isHidden()).toBe(true);
    expect(await page.locator('#latency').innerText()).not.toContain('median');
    const before = await placeOf(trace);
    await page.locator('#feature-0').fill('6');
    await expect.poll(() => svg.isVisible()).toBe(true);
    expect(await svg.locator('polyline').count()).toBe(1);
    expect(await placeOf(trace)).toEqual(before);
  });
});

describe('what is wrong', () => {
  const problem = (page: Page) => page.locator('#input-problem');

  /** That it stands at a field, which refers to it, and no other does. */
  async function expectAt(page: Page, field: Locator, next: Locator): Promise<void> {
    await expect.poll(() => field.getAttribute('aria-describedby')).toMatch(/^input-problem\b/);
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator('#inputs [aria-invalid]').count()).toBe(1);
    expect(await page.locator('[aria-describedby~=input-problem]').count()).toBe(1);
    expect((await placeOf(problem(page))).top).toBeGreaterThanOrEqual(await bottomOf(field));
    expect(await bottomOf(problem(page))).toBeLessThanOrEqual((await placeOf(next)).top);
  }

  it.each([
    ['one version', () => open()],
    ['two versions', () => openTwo({ width: 1280, height: 900 })],
  ])('stands at its field, and goes when it is right: %s', async (_, opened) => {
    const page = await opened();
    const [first, second, third] = [0, 1, 2].map((i) => page.locator(`#feature-${i}`)) as [
      Locator,
      Locator,
      Locator,
    ];
    await second.fill('');
    await expectAt(page, second, third);
    await second.fill('3');
    await expect.poll(() => problem(page).isHidden()).toBe(true);
    expect(await second.getAttribute('aria-invalid')).toBeNull();
    expect(await second.getAttribute('aria-describedby')).toBe('feature-1-note');
    // The server refuses it.
    await first.fill('1e39');
    await expectAt(page, first, second);
    expect(await problem(page).textContent()).toMatch(/expected a number .* got 1e\+39/);
    expect(await page.locator('.tile .problem').count()).toBe(0);
    expect(await page.locator('#stale').isVisible()).toBe(true);
    await first.fill('5');
    await expect.poll(() => problem(page).isHidden()).toBe(true);
  });

  it('stands at the tensor that it is about', async () => {
    const page = await open({ MODEL_DIR: testModel('two-inputs') });
    const [ids, mask] = [page.locator('#tensor-0'), page.locator('#tensor-1')];
    await mask.fill('[1]');
    await ids.fill('["a"]');
    await expectAt(page, ids, mask);
    await ids.fill('[');
    await expect.poll(() => problem(page).textContent()).toMatch(/^ids is not JSON/);
    await expectAt(page, ids, mask);
    await ids.fill('[1]');
    await expect.poll(() => problem(page).isHidden()).toBe(true);
    expect(await ids.getAttribute('aria-describedby')).toBeNull();
  });

  it('stands below all fields where it is about none', async () => {
    const page = await open({}, { expectedComplaints: /status of 503/ });
    await page.locator('#feature-0').fill('');
    await expect.poll(() => problem(page).isVisible()).toBe(true);
    await page.route('**/predict', (route) =>
      route.fulfill({ status: 503, json: { detail: 'The queue is full.' } }),
    );
    await page.locator('#feature-0').fill('6');
    await expect.poll(() => problem(page).textContent()).toBe('The queue is full.');
    expect(await page.locator('#inputs [aria-invalid]').count()).toBe(0);
    expect((await placeOf(problem(page))).top).toBeGreaterThanOrEqual(
      await bottomOf(page.locator('#inputs')),
    );
  });

  it('in the rows of a batch stands right below them', async () => {
    const page = await open();
    const rows = page.locator('#rows');
    await rows.fill('1,2,3,a');
    await page.locator('#run').click();
    await expect.poll(() => rows.getAttribute('aria-invalid')).toBe('true');
    const wrong = page.locator('#batch-problem');
    expect((await rows.getAttribute('aria-describedby'))?.split(' ')).toContain('batch-problem');
    expect((await placeOf(wrong)).top - (await bottomOf(rows))).toBeLessThan(20);
    await rows.fill('1,2,3,4');
    await page.locator('#run').click();
    await page.locator('#table table').waitFor();
    expect(await rows.getAttribute('aria-invalid')).toBeNull();
  });
});

describe('the result of a batch', () => {
  it.each([375, 900, 1400])('moves nothing, %d pixels wide', async (width) => {
    const page = await openTwo({ width, height: 900 });
    const parts = ['#batch', '#entry', '#rows', '#run', '#entry .button', '#no-result', '#code'];
    const placesOf = (ids: readonly string[]) =>
      Promise.all(ids.map(async (id) => [id, await placeOf(page.locator(id))]));
    const before = await placesOf(parts);
    await page.locator('#rows').fill(flowersAsCsv());
    await page.locator('#run').click();
    await page.locator('#table table').waitFor();
    expect(await page.locator('#no-result').isHidden()).toBe(true);
    const isThere = parts.map((id) => (id === '#no-result' ? '#result' : id));
    expect(await placesOf(isThere)).toEqual(before.map(([, place], i) => [isThere[i], place]));
    // All of it lies in its place; the rows scroll.
    expect(await bottomOf(page.locator('#notes'))).toBeLessThanOrEqual(
      await bottomOf(page.locator('#result')),
    );
    expect((await placeOf(page.locator('#table'))).height).toBeGreaterThan(200);
  });

  it('moves nothing while it is on its way, or where there is none', async () => {
    const page = await open({ MAX_ROWS: '64' }, { viewport: { width: 1400, height: 900 } });
    const [run, others] = [page.locator('#run'), ['#run', '#entry .button', '#code']];
    const places = () => Promise.all(others.map((id) => placeOf(page.locator(id))));
    const before = await places();
    await page.locator('#rows').fill('1,2,3,a\n'.repeat(7));
    await run.click();
    await page.locator('#batch-problem:not([hidden])').waitFor();
    expect(await places()).toEqual(before);
    let resume = () => {};
    const held = new Promise<void>((resolve) => {
      resume = resolve;
    });
    await page.route('**/predict', async (route) => {
      if (route.request().postDataJSON().inputs.length < 64) await held;
      await route.continue();
    });
    await page.locator('#rows').fill(flowersAsCsv());
    await run.click();
    await expect.poll(() => run.textContent()).toBe('128 of 150 rows');
    expect(await places()).toEqual(before);
    resume();
    await page.locator('#table table').waitFor();
  });
});

it('keeps the backslash at the end of its line, however narrow the window', async () => {
  const page = await open({}, { viewport: { width: 320, height: 600 } });
  const lines = await page.evaluate<{ first: number; last: number }[]>(`(() => {
    const text = document.querySelector('#curl').firstChild;
    const topOf = (at) => {
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + 1);
      return range.getBoundingClientRect().top;
    };
    return [...text.data.matchAll(/^ *(.*)\\\\$/gm)].map(({ 0: line, index }) => ({
      first: topOf(index + line.search(/\\S/)),
      last: topOf(index + line.length - 1),
    }));
  })()`);
  expect(lines).toHaveLength(2);
  for (const { first, last } of lines) expect(last).toBe(first);
});
