/**
 * Redis's glob: `*` any run, `?` one byte, `[a-c]` and `[^a-c]` a class, `\` the next byte itself.
 *
 * Only the last `*` is ever returned to, so the time is at most pattern length times text length, whoever wrote the pattern.
 */
export function globMatch(pattern: string, text: string, ignoreCase = false): boolean {
  const glob = ignoreCase ? pattern.toLowerCase() : pattern
  const subject = ignoreCase ? text.toLowerCase() : text
  let at = 0
  let pos = 0
  let starAt = -1
  let starPos = 0
  while (pos < subject.length) {
    if (glob[at] === '*') {
      starAt = at++
      starPos = pos
      continue
    }
    const next = at < glob.length ? matchOne(glob, at, subject.charCodeAt(pos)) : -1
    if (next >= 0) {
      at = next
      pos++
    } else if (starAt >= 0) {
      at = starAt + 1
      pos = ++starPos
    } else {
      return false
    }
  }
  while (glob[at] === '*') at++
  return at === glob.length
}

const BACKSLASH = 92

/** @returns Where the pattern goes on if the element at `at` accepts `code`, else -1. */
function matchOne(glob: string, at: number, code: number): number {
  switch (glob[at]) {
    case '?':
      return at + 1
    case '[':
      return matchClass(glob, at + 1, code)
    case '\\':
      // A lone backslash at the end stands for itself.
      if (at + 1 < glob.length) return glob.charCodeAt(at + 1) === code ? at + 2 : -1
      return code === BACKSLASH ? at + 1 : -1
    default:
      return glob.charCodeAt(at) === code ? at + 1 : -1
  }
}

/** From after the `[`. A class that never closes ends with the pattern, as in Redis. */
function matchClass(glob: string, from: number, code: number): number {
  let at = from
  const negated = glob[at] === '^'
  if (negated) at++
  let found = false
  while (at < glob.length && glob[at] !== ']') {
    if (glob[at] === '\\' && at + 1 < glob.length) {
      if (glob.charCodeAt(at + 1) === code) found = true
      at += 2
    } else if (glob[at + 1] === '-' && at + 2 < glob.length) {
      const [one, other] = [glob.charCodeAt(at), glob.charCodeAt(at + 2)]
      if (code >= Math.min(one, other) && code <= Math.max(one, other)) found = true
      at += 3
    } else {
      if (glob.charCodeAt(at) === code) found = true
      at++
    }
  }
  return found === negated ? -1 : Math.min(at + 1, glob.length)
}
