// Texts in, classes out. The server runs tensors; what a tokenizer makes of a text is made here, with the model's own tokenizer.json.
import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import type { MlApiClient } from '@org/ml-sdk';

export interface Classified {
  readonly text: string;
  readonly label: string;
}

export type Classifier = (texts: readonly string[]) => Promise<readonly Classified[]>;

/** BERT's: what is longer has no positions in the model. */
const LONGEST = 512;

/**
 * @param model the folder with tokenizer.json and tokenizer_config.json
 * @param client of the server that runs the model
 */
export async function createClassifier(model: URL, client: MlApiClient): Promise<Classifier> {
  const [tokens, config] = await Promise.all(
    ['tokenizer.json', 'tokenizer_config.json'].map(async (file) =>
      JSON.parse(await readFile(new URL(file, model), 'utf8')),
    ),
  );
  const tokenizer = new Tokenizer(tokens, config);
  return async (texts) => {
    const encoded = texts.map((text) => cut(tokenizer.encode(text).ids));
    // One batch is one tensor: shorter texts are padded, and the mask says where they end.
    const width = Math.max(...encoded.map(({ length }) => length));
    const padded = (values: readonly number[]) => [
      ...values,
      ...Array<number>(width - values.length).fill(0),
    ];
    const { labels = [] } = await client.predict({
      inputs: {
        input_ids: encoded.map(padded),
        attention_mask: encoded.map((ids) => padded(ids.map(() => 1))),
      },
      labels: true,
    });
    return texts.map((text, i) => ({ text, label: String(labels[i]) }));
  };
}

/** The last token, [SEP], stays the last one. */
function cut(ids: readonly number[]): readonly number[] {
  return ids.length <= LONGEST ? ids : [...ids.slice(0, LONGEST - 1), ids.at(-1) ?? 0];
}
