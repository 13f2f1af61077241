// The Open Inference Protocol's names of the element types.
import type { Datatype } from './datatype.ts';

const names = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
} as const satisfies Record<Datatype, string>;

export type ProtocolDatatype = (typeof names)[Datatype];

export function protocolName(datatype: Datatype): ProtocolDatatype {
  return names[datatype];
}

/** @returns undefined for a name that the protocol does not have */
export function datatypeOf(name: string): Datatype | undefined {
  return byName.get(name);
}

const byName = new Map(
  Object.entries(names).map(([datatype, name]) => [name as string, datatype as Datatype]),
);

/** The type in Triton's model configuration. */
export function tritonName(datatype: Datatype): string {
  return datatype === 'string' ? 'TYPE_STRING' : `TYPE_${names[datatype]}`;
}
