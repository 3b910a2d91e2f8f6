/** An IPv4 network: its first address as a number, and how many bits of an address name it. */
export interface Subnet {
  readonly first: number
  readonly bits: number
}

/** @returns undefined for what is no IPv4 network */
export function parseSubnet(text: string): Subnet | undefined {
  const [, address = '', bits = ''] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text) ?? []
  const first = parseAddress(address)
  const count = Number(bits)
  if (first === undefined || bits === '' || count > 32) return undefined
  return {bits: count, first: Math.floor(first / sizeOf(count)) * sizeOf(count)}
}

export function renderSubnet({bits, first}: Subnet): string {
  return `${renderIp(first)}/${bits}`
}

export function parseAddress(text: string): number | undefined {
  const parts = text.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined
  return parts.reduce((total, part) => total * 256 + part, 0)
}

export function renderIp(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

function sizeOf(bits: number): number {
  return 2 ** (32 - bits)
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.first < b.first + sizeOf(b.bits) && b.first < a.first + sizeOf(a.bits)
}

export function contains({bits, first}: Subnet, address: number): boolean {
  return address >= first && address < first + sizeOf(bits)
}

/** Where environments' networks are looked for: private, and used by few. */
const POOL = {bits: 16, first: (10 * 256 + 213) * 65_536}
/** A hundred nodes, the bridge, and the two addresses that a network cannot give away. */
const OWN_BITS = 25

/** The networks of the pool that overlap none of those given, in order. */
export function* freeSubnets(taken: readonly Subnet[]): Generator<Subnet> {
  for (let first = POOL.first; first < POOL.first + sizeOf(POOL.bits); first += sizeOf(OWN_BITS)) {
    const candidate = {bits: OWN_BITS, first}
    if (!taken.some((each) => overlaps(each, candidate))) yield candidate
  }
}

/**
 * Addresses of nodes in their network, by name. The first one after the network's own is the bridge's.
 *
 * @param known - those that nodes have already: they keep them, also nodes that are not among `names`
 * @returns undefined if there are not enough
 */
export function assignAddresses(
  subnet: Subnet,
  names: readonly string[],
  known: ReadonlyMap<string, string>,
): Map<string, string> | undefined {
  const taken = new Set(known.values())
  const last = subnet.first + sizeOf(subnet.bits) - 2
  let next = subnet.first + 2
  const given = new Map<string, string>()
  for (const name of names) {
    const kept = known.get(name)
    while (kept === undefined && taken.has(renderIp(next))) next++
    if (kept === undefined && next > last) return undefined
    given.set(name, kept ?? renderIp(next++))
  }
  return given
}

/** Destinations of /proc/net/route, which has them in hexadecimal, last byte first; the default route is none. */
export function parseRoutes(text: string): Subnet[] {
  return text.split('\n').flatMap((line) => {
    const [, destination = '', , , , , , mask = ''] = line.trim().split(/\s+/)
    if (!/^[0-9A-F]{8}$/i.test(destination) || !/^[0-9A-F]{8}$/i.test(mask)) return []
    const bits = [...Number.parseInt(mask, 16).toString(2)].filter((digit) => digit === '1').length
    return bits === 0 ? [] : [{bits, first: Buffer.from(destination, 'hex').readUInt32LE()}]
  })
}

/** The network of Shoal's own choice in which an address lies. */
export function subnetOf(address: string): Subnet {
  const first = Math.floor((parseAddress(address) ?? 0) / sizeOf(OWN_BITS)) * sizeOf(OWN_BITS)
  return {bits: OWN_BITS, first}
}
