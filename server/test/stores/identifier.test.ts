import { expect, it } from 'vitest';
import { identifier } from '../../src/sources/stores/identifier.ts';

it.each([
  ['iris', 'iris'],
  ['credit risk (EU)', 'credit-risk-EU'],
  ['-.x.-', 'x'],
  ['Größe', 'Gr-e'],
  ['a'.repeat(100), 'a'.repeat(63)],
  [`${'a'.repeat(62)}--`, 'a'.repeat(62)],
  ['数', undefined],
  ['', undefined],
])('the name %j is %j in model.json', (name, expected) => {
  expect(identifier(name)).toBe(expected);
});
