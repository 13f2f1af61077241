// How a model of the Hugging Face Hub is named: `hf://owner/repo@revision/folder`, or with a file at its end.
import { UsageError } from '../../../util/command-error.ts';
import { quoteUri } from '../../shown-uri.ts';

export interface Reference {
  /** `owner/name`. */
  readonly repo: string;
  readonly revision: string;
  /** Of a folder or an .onnx file; empty for all. */
  readonly path: string;
}

const FORM = 'hf://OWNER/REPO[@REVISION][/FOLDER], also with an .onnx file at its end';

// A revision is a branch, a tag or a commit; of those with slashes only the Hub's own refs, as its file system for Python has it.
const URI =
  /^hf:\/\/([\w-][\w.-]{0,95})\/([\w-][\w.-]{0,95})(?:@(refs\/(?:pr|convert)\/[\w.-]{1,100}|[\w.%-]{1,255}))?(?:\/([^?#]*))?$/;

/** @throws UsageError that says how one looks */
export function parseReference(uri: string): Reference {
  const [, owner = '', name, revision = 'main', path = ''] = URI.exec(uri) ?? [];
  if (name === undefined || /^(datasets|spaces|models)$/.test(owner))
    throw new UsageError(
      `${quoteUri(uri)} names no model of the Hugging Face Hub; expected ${FORM}.`,
    );
  try {
    return {
      repo: `${owner}/${name}`,
      revision: decodeURIComponent(revision),
      path: decodeURIComponent(path).replace(/\/$/, ''),
    };
  } catch {
    throw new UsageError(
      `${quoteUri(uri)} has a percent sign that escapes nothing; expected ${FORM}.`,
    );
  }
}
