import { expect, it } from 'vitest';
import { abortable } from '../../src/sources/stores/abortable.ts';

it('waits for no work that comes too late, and is not ended by its failure', async () => {
  const late = Promise.reject(new Error('no credentials'));
  await expect(abortable(late, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  const failing = new Promise((_resolve, reject) => setTimeout(reject, 50, new Error('later')));
  await expect(abortable(failing, AbortSignal.timeout(10))).rejects.toThrow(/timeout/);
  await expect(failing).rejects.toThrow('later');
});
