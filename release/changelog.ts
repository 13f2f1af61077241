// CHANGELOG.md: a section a version, the newest first. `## 0.3.0 (unreleased)` while it is written, then `## 0.3.0 (2026-11-29)`.
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const changelogOf = (root: string): string => path.join(root, 'CHANGELOG.md');

export interface Section {
  readonly version: string;
  /** The date of the release, or `unreleased`. */
  readonly date: string;
  readonly text: string;
}

export function sectionsOf(changelog: string): Section[] {
  const [, ...parts] = changelog.split(/^## /m);
  return parts.map((part) => {
    const [heading = '', ...lines] = part.split('\n');
    const [, version = heading, date = ''] = /^(\S+)(?: \((.+)\))?\s*$/.exec(heading) ?? [];
    return { version, date, text: lines.join('\n').trim() };
  });
}

/** The section of a version, or the sentence that says why there is none to publish. */
export function sectionFor(root: string, version: string): Section | string {
  const sections = sectionsOf(readFileSync(changelogOf(root), 'utf8'));
  const section = sections.find((one) => one.version === version);
  if (section === undefined)
    return `CHANGELOG.md has no section "## ${version}". Write what users will notice, below the heading "## ${version} (unreleased)".`;
  if (section.text === '')
    return `CHANGELOG.md says nothing of ${version}. Write what users will notice.`;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(section.date))
    return `CHANGELOG.md has ${version} as ${section.date || 'a version without a date'}. Give it its date: npm run release:prepare -- ${version}`;
  return section;
}

/** The changelog with the date of a release in the heading of its section. */
export function dated(changelog: string, version: string, date: string): string | undefined {
  const [newest] = sectionsOf(changelog);
  if (newest?.date !== 'unreleased' || newest.text === '') return undefined;
  return changelog.replace(`## ${newest.version} (unreleased)`, () => `## ${version} (${date})`);
}
