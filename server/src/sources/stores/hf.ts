// The Hugging Face Hub: a repository at one commit, and of it the ONNX model alone.
import { parsedJson } from '../../util/parsed-json.ts';
import type { RemoteFile, Store } from '../remote.ts';
import { defaultsFile } from './defaults-file.ts';
import { allFiles, chooseFiles } from './hf/choose.ts';
import { defaultsOf } from './hf/defaults.ts';
import { openHub } from './hf/hub.ts';
import { parseReference } from './hf/reference.ts';
import { inUrl } from './listed-path.ts';
import { textOfFile } from './text-file.ts';

export const hfStore: Store = {
  async open(uri, env, signal, form = 'model') {
    const { repo, revision, path } = parseReference(uri);
    const hub = await openHub(env);
    const { sha, license } = await hub.commit(repo, revision, signal);
    const listed = await hub.files(repo, sha, signal);
    const choose = form === 'model' ? chooseFiles : allFiles;
    const files = choose(listed, path, `hf://${repo}@${revision}`).map(
      ({ path: own, file }): RemoteFile => ({
        path: own,
        ...(file.size !== undefined && { size: file.size }),
        ...(file.sha256 !== undefined && { sha256: file.sha256 }),
        hasParts: true,
        read: (from, signal, to) => hub.read(repo, sha, file.path, from, signal, to),
      }),
    );
    if (form === 'model') {
      const config = files.find((file) => file.path === 'config.json');
      const text = config && (await textOfFile(config, signal));
      const defaults = defaultsOf({ repo, commit: sha, license }, parsedJson(text ?? ''));
      files.push(defaultsFile(defaults));
    }
    return {
      resolved: `hf://${repo}@${sha}${path === '' ? '' : `/${inUrl(path)}`}`,
      revision: sha,
      files,
      details: { repository: repo, commit: sha },
    };
  },
};
