/**
 * An IP literal in the form that nodes agree on: IPv4 without leading zeros, IPv6 in lower case with its longest run of
 * zero groups as `::`.
 *
 * @returns undefined if it is not an IP literal
 */
export function normalizeIp(text: string): string | undefined {
  return text.includes(':') ? normalizeIpv6(text) : normalizeIpv4(text)
}

function normalizeIpv4(text: string): string | undefined {
  const parts = text.split('.')
  const isByte = (part: string) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255
  return parts.length === 4 && parts.every(isByte) ? text : undefined
}

function normalizeIpv6(text: string): string | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const left = toGroups(head as string[])
  const right = toGroups(tail ?? [])
  if (!left || !right) return undefined
  const missing = 8 - left.length - right.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  return renderIpv6([...left, ...new Array<number>(missing).fill(0), ...right])
}

/** The last part may be an IPv4 address. */
function toGroups(parts: readonly string[]): number[] | undefined {
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes('.')) {
      if (normalizeIpv4(part) === undefined) return undefined
      const bytes = part.split('.').map(Number) as [number, number, number, number]
      groups.push(bytes[0] * 256 + bytes[1], bytes[2] * 256 + bytes[3])
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

function renderIpv6(groups: readonly number[]): string {
  let start = -1
  let length = 1
  for (let from = 0; from < 8; from++) {
    let run = 0
    while (from + run < 8 && groups[from + run] === 0) run++
    if (run > length) {
      start = from
      length = run
    }
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':')
  if (start < 0) return hex(groups)
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}
