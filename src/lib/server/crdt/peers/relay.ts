import type {RegionLink} from './region-link.js'

/**
 * What regions wrote that cannot be reached comes through the lowest one that can: effects name their dependencies, so
 * anybody may carry them, and what comes twice is dropped.
 *
 * @param isCut - regions that this one is cut off from on purpose need no waiting
 */
export function arrangeRelays(links: Iterable<RegionLink>, isCut: (region: number) => boolean, nowMs: number): void {
  const all = [...links].sort((a, b) => a.region - b.region)
  const through = all.find(({isInSync, region}) => isInSync && !isCut(region))
  const relayed: number[] = []
  for (const link of all) {
    const isNeeded = link !== through && (isCut(link.region) || link.needsRelay(nowMs))
    link.relay = isNeeded ? through?.region : undefined
    if (isNeeded) relayed.push(link.region)
  }
  for (const link of all) {
    const wanted = link === through ? [link.region, ...relayed] : [link.region]
    for (const pull of link.pulls.values()) {
      if (pull.regions.join() === wanted.join()) continue
      pull.regions = wanted
      pull.ask()
    }
  }
}
