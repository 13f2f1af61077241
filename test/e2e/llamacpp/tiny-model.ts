// A language model of random weights as a GGUF file: it says nonsense, word by word, and is loaded and run like any other.
// The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
import { writeFileSync } from 'node:fs';

const F32 = 0;
const ALIGNMENT = 32;
/** The types of metadata values. */
const UINT32 = 4;
const FLOAT32 = 6;
const STRING = 8;
const ARRAY = 9;
const INT32 = 5;
/** The types of tokens, by llama.cpp's vocabulary. */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const BYTE = 6;

const width = 512;
const layers = 8;
const heads = 8;
const hidden = 1408;
/** Long enough for a stream that lasts while pods are replaced. */
const contextLength = 32_768;

type Token = { readonly text: string; readonly type: number };
type Tensor = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
};

const special: readonly Token[] = [
  { text: '<unk>', type: UNKNOWN },
  { text: '<s>', type: CONTROL },
  { text: '</s>', type: CONTROL },
];
const bytes: readonly Token[] = Array.from({ length: 256 }, (_, byte) => ({
  text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  type: BYTE,
}));
const syllables = [
  'ka',
  'lo',
  'mi',
  'ne',
  'pu',
  'ra',
  'si',
  'to',
  've',
  'zu',
  'an',
  'el',
  'is',
  'or',
  'um',
  'ey',
];
const words: readonly Token[] = syllables.flatMap((first) =>
  syllables.map((second) => ({ text: `▁${first}${second}`, type: NORMAL })),
);
const vocabulary = [...special, ...bytes, ...words];

/** Writes the model's file; the same bytes each time. */
export function writeTinyModel(file: string): void {
  const tensors = makeTensors();
  const metadata = [
    ...text('general.architecture', 'llama'),
    ...text('general.name', 'tiny'),
    ...uint32('llama.context_length', contextLength),
    ...uint32('llama.embedding_length', width),
    ...uint32('llama.block_count', layers),
    ...uint32('llama.feed_forward_length', hidden),
    ...uint32('llama.attention.head_count', heads),
    ...uint32('llama.attention.head_count_kv', heads),
    ...uint32('llama.rope.dimension_count', width / heads),
    ...uint32('llama.vocab_size', vocabulary.length),
    ...float32('llama.attention.layer_norm_rms_epsilon', 1e-5),
    ...text('tokenizer.ggml.model', 'llama'),
    ...array(
      'tokenizer.ggml.tokens',
      STRING,
      vocabulary.map((token) => string(token.text)),
    ),
    ...array(
      'tokenizer.ggml.scores',
      FLOAT32,
      vocabulary.map((_, id) => float(-id)),
    ),
    ...array(
      'tokenizer.ggml.token_type',
      INT32,
      vocabulary.map(({ type }) => integer(type)),
    ),
    ...uint32('tokenizer.ggml.unknown_token_id', 0),
    ...uint32('tokenizer.ggml.bos_token_id', 1),
    ...uint32('tokenizer.ggml.eos_token_id', 2),
    ...text(
      'tokenizer.chat_template',
      '{% for message in messages %}{{ message.content }} {% endfor %}',
    ),
  ];
  const keys = 19;
  let offset = 0;
  const infos = tensors.flatMap(({ name, shape, data }) => {
    const info = [
      string(name),
      integer(shape.length),
      ...shape.map(long),
      integer(F32),
      long(offset),
    ];
    offset += data.byteLength; // a multiple of the alignment, as all widths are
    return info;
  });
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    integer(3),
    long(tensors.length),
    long(keys),
    ...metadata,
    ...infos,
  ]);
  const padding = Buffer.alloc((ALIGNMENT - (head.length % ALIGNMENT)) % ALIGNMENT);
  const data = tensors.map((tensor) => Buffer.from(tensor.data.buffer));
  writeFileSync(file, Buffer.concat([head, padding, ...data]));
}

function makeTensors(): Tensor[] {
  const random = generator(20_261_129);
  const matrix = (
    name: string,
    input: number,
    output: number,
    deviation = input ** -0.5,
  ): Tensor => ({
    name: `${name}.weight`,
    shape: [input, output],
    data: Float32Array.from({ length: input * output }, () => (random() - 0.5) * 3.46 * deviation),
  });
  const norm = (name: string): Tensor => ({
    name: `${name}.weight`,
    shape: [width],
    data: new Float32Array(width).fill(1),
  });
  const blocks = Array.from({ length: layers }, (_, i) => [
    norm(`blk.${i}.attn_norm`),
    ...['q', 'k', 'v', 'output'].map((part) => matrix(`blk.${i}.attn_${part}`, width, width)),
    norm(`blk.${i}.ffn_norm`),
    matrix(`blk.${i}.ffn_gate`, width, hidden),
    matrix(`blk.${i}.ffn_up`, width, hidden),
    matrix(`blk.${i}.ffn_down`, hidden, width),
  ]).flat();
  const output = matrix('output', width, vocabulary.length, 1);
  output.data.fill(0, 0, width * (special.length + bytes.length)); // the likeliest token is a word, and never the end
  return [
    matrix('token_embd', width, vocabulary.length, 1),
    ...blocks,
    norm('output_norm'),
    output,
  ];
}

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const text = (key: string, value: string) => [string(key), integer(STRING), string(value)];
const uint32 = (key: string, value: number) => [string(key), integer(UINT32), integer(value)];
const float32 = (key: string, value: number) => [string(key), integer(FLOAT32), float(value)];
const array = (key: string, type: number, values: readonly Buffer[]) => [
  string(key),
  integer(ARRAY),
  integer(type),
  long(values.length),
  ...values,
];

function string(value: string): Buffer {
  const content = Buffer.from(value);
  return Buffer.concat([long(content.length), content]);
}

function integer(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer;
}

function float(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return buffer;
}

function long(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}
