const PLAIN = /^[ !#-[\]-~]*$/
const SPECIAL = /[^ !#-[\]-~]/g
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
}

/** Redis's quoting, for logs and files: `"`, `\`, control and non-ASCII bytes are escaped. `splitInline` undoes it. */
export function quoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  const escaped = text.replace(
    SPECIAL,
    (byte) => ESCAPES[byte] ?? `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return `"${escaped}"`
}
