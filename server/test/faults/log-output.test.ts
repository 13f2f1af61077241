// Whatever becomes of standard output, where the log goes, serving goes on, and the process ends when it is told to.
import { closeSync, openSync } from 'node:fs';
import { expect, it } from 'vitest';
import { logOf, serve, setosa, type Victim } from './victim.ts';

/** More log than a pipe holds. */
async function predictOften(victim: Victim): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const answered = await Promise.all(Array.from({ length: 50 }, () => victim.predict(setosa)));
    for (const { status, body } of answered)
      expect([status, body]).toEqual([200, { prediction: [0] }]);
  }
}

async function endsWell({ child, ended, err }: Victim): Promise<void> {
  const said = err.text;
  child.kill('SIGTERM');
  expect(await ended, err.text).toBe(0);
  expect(err.text).toBe(said);
}

it('a full disk', async () => {
  const full = openSync('/dev/full', 'w');
  const victim = await serve({ LOG_RATE: '0' }, { stdout: full });
  closeSync(full);
  await predictOften(victim);
  await endsWell(victim);
});

it('a reader that is gone', async () => {
  const victim = await serve({ LOG_RATE: '0' });
  victim.child.stdout?.destroy();
  await predictOften(victim);
  await endsWell(victim);
});

it('a reader that has stopped reading', async () => {
  const victim = await serve({ LOG_RATE: '0' }, { stdout: 'stalled' });
  await predictOften(victim);
  await endsWell(victim);
});

it('a reader that is slow gets every line', async () => {
  const victim = await serve({ LOG_RATE: '0' });
  victim.child.stdout?.pause();
  await predictOften(victim);
  victim.child.stdout?.resume();
  await endsWell(victim);
  expect(logOf(victim).filter(({ msg }) => msg === 'request')).toHaveLength(500);
  expect(victim.out.text).toContain('"msg":"stopped"');
});

it('a fault of the process ends it with 3, also where nobody reads why', async () => {
  const victim = await serve({}, { stdout: 'stalled' });
  await victim.harm('throw');
  expect(await victim.ended).toBe(3);
});
