import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FewPerTurn } from '../src/util/few-per-turn.ts';

it('does a few pieces in each turn of the event loop, in their order, and others get on in between', async () => {
  const few = new FewPerTurn(2);
  const done: string[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e']) few.add(() => done.push(name));
  expect(done).toEqual([]);
  for (let i = 1; i <= 3; i++) {
    await turn();
    done.push(`turn ${i}`);
  }
  expect(done).toEqual(['a', 'b', 'turn 1', 'c', 'd', 'turn 2', 'e', 'turn 3']);
});

it('does what is given meanwhile after all that waits', async () => {
  const few = new FewPerTurn(1);
  const done: string[] = [];
  few.add(() => {
    done.push('first');
    few.add(() => done.push('given by the first'));
  });
  few.add(() => done.push('second'));
  for (let i = 0; i < 3; i++) await turn();
  expect(done).toEqual(['first', 'second', 'given by the first']);
});
