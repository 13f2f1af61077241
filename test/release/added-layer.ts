// An image with one more layer, in the layout that has the image.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { create } from 'tar';

/**
 * @param digest of the image's manifest
 * @param files by their paths in the image
 * @returns the digest of the other image's manifest
 */
export async function addLayer(
  layout: string,
  digest: string,
  files: Readonly<Record<string, string | Buffer>>,
): Promise<string> {
  const put = (content: Buffer) => {
    const hash = createHash('sha256').update(content).digest('hex');
    writeFileSync(path.join(layout, 'blobs/sha256', hash), content);
    return { digest: `sha256:${hash}`, size: content.length };
  };
  const folder = mkdtempSync(path.join(tmpdir(), 'layer-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, 'root', name)), { recursive: true });
      writeFileSync(path.join(folder, 'root', name), content);
    }
    const archive = path.join(folder, 'layer.tar');
    await create({ cwd: path.join(folder, 'root'), file: archive }, Object.keys(files));
    const mediaType = 'application/vnd.oci.image.layer.v1.tar';
    const layer = { mediaType, ...put(readFileSync(archive)) };
    const manifest = JSON.parse(
      readFileSync(path.join(layout, 'blobs', digest.replace(':', '/')), 'utf8'),
    );
    return put(Buffer.from(JSON.stringify({ ...manifest, layers: [...manifest.layers, layer] })))
      .digest;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
