let seed = 0x2545f491
let isSeeded = false

/**
 * Makes the hashes of this process unguessable, so that no client can choose strings that all fall into one bucket. Only
 * the first call counts, and it must come before the first value: tables keep their hashes.
 */
export function seedStringHash(secret: number): void {
  if (isSeeded) return
  isSeeded = true
  seed = secret | 1
}

/** 32 bits of a binary string; the low ones are as good as the high ones. */
export function hashString(text: string): number {
  const {length} = text
  let hash = Math.imul(seed ^ length, 0x9e3779b1)
  let at = 0
  for (; at + 4 <= length; at += 4) {
    const word =
      text.charCodeAt(at) |
      (text.charCodeAt(at + 1) << 8) |
      (text.charCodeAt(at + 2) << 16) |
      (text.charCodeAt(at + 3) << 24)
    hash = Math.imul(((hash << 5) | (hash >>> 27)) ^ word, seed)
  }
  for (; at < length; at++) hash = Math.imul(((hash << 5) | (hash >>> 27)) ^ text.charCodeAt(at), seed)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
