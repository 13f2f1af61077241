// The commands and programs of the docs, as they stand there.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

export interface Block {
  /** sh, ts, python, … */
  readonly language: string;
  /** The heading above it. */
  readonly section: string;
  readonly text: string;
}

/** The fenced blocks of a page, from top to bottom. @param page its path in the repository */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let section = '';
  const text = readFileSync(path.join(root, page), 'utf8');
  for (const match of text.matchAll(/^#+ (.+)$|^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const [, heading, language = '', content = ''] = match;
    if (heading === undefined) blocks.push({ language, section, text: content });
    else section = heading;
  }
  return blocks;
}

/**
 * The one block of a page in a language, where that is not enough: in a section, or with a text in it.
 * @throws Error when there is not exactly one
 */
export function blockOf(
  page: string,
  language: string,
  { section, text = '' }: { readonly section?: string; readonly text?: string } = {},
): string {
  const found = blocksOf(page).filter(
    (block) =>
      block.language === language &&
      (section === undefined || block.section === section) &&
      block.text.includes(text),
  );
  const [block] = found;
  if (block === undefined || found.length > 1)
    throw new Error(
      `${page}: expected one block of ${language}${section ? ` below "${section}"` : ''} with "${text}", got ${found.length}`,
    );
  return block.text;
}
