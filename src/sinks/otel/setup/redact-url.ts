/**
 * A URL to be shown and kept: without user, password, query and fragment, any of which may be a secret. What is no URL
 * loses all that could be one of them.
 */
export function redactUrl(url: string): string {
  const bare = url.replace(/[?#].*$/s, '');
  if (!URL.canParse(bare) || !/^https?:/i.test(bare)) return bare.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1');
  const parsed = new URL(bare);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
