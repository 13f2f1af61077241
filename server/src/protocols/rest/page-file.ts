// Sends a file of a page, compressed to those who take that: over a port-forward or a slow line it is there sooner.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Request, Response } from 'express';
import { chooseCoding, compress } from '../http/compress.ts';

export async function sendPageFile(file: URL, req: Request, res: Response): Promise<void> {
  const bytes = await readFile(file);
  const coding = chooseCoding(req.get('Accept-Encoding'), bytes.length);
  const sum = createHash('sha256').update(bytes).digest('base64url');
  const etag = `"${sum}-${coding ?? 'plain'}"`;
  res.type(path.extname(file.pathname)).vary('Accept-Encoding');
  // Asked for anew each time, and 304 by its ETag: the next version of the server is at the same address.
  res.set('Cache-Control', 'public, max-age=0').set('ETag', etag);
  if (req.get('If-None-Match')?.includes(etag)) res.status(304).end();
  else if (coding === undefined) res.send(bytes);
  else res.set('Content-Encoding', coding).send(await compress(bytes, coding));
}
