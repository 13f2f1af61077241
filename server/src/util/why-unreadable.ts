// Why a file cannot be read, in words, with what to check.

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there. Check the path.',
  ENOTDIR: 'part of its path is a file. Check the path.',
  EISDIR: 'it is a directory; expected a file.',
  EACCES: 'permission is denied. Check its owner and permissions.',
  EPERM: 'the system does not permit it. Check its owner and permissions.',
  ELOOP: 'its symbolic links lead to each other. Check them.',
};

/** What follows "… cannot be read: ", with its stop; the code of the system stays, for those who search for it. */
export function whyUnreadable(error: unknown): string {
  const { message, code = '' } =
    error instanceof Error
      ? (error as NodeJS.ErrnoException)
      : (new Error(String(error)) as NodeJS.ErrnoException);
  const reason = REASONS[code];
  return reason === undefined ? `${message}.` : `${code}: ${reason}`;
}
