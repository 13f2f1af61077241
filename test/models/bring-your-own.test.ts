// docs/bring-your-own-model.md with scikit-learn and XGBoost.
import path from 'node:path';
import { expect, it } from 'vitest';
import { pythonFor } from '../../model/python.ts';
import { follow } from './bring-your-own.ts';

const python = () => pythonFor(path.join(import.meta.dirname, 'bring-your-own/requirements.txt'));

it.each([
  ['scikit-learn', 'proline', 'class_2'],
  ['XGBoost', 'worst fractal dimension', 'malignant'],
])('%s: from the program to a typed client', async (section, feature, label) => {
  const types = await follow({ section, python: python() });
  expect(types).toContain(feature);
  expect(types).toContain(`'${label}'`);
});
