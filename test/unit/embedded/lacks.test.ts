import {describe, expect, it} from 'vitest'
import {describeLacks, lacksAmong, type RegionState, stillLacking} from '../../../src/lib/embedded/lacks.js'
import type {CrdtCore, VectorEntries} from '../../../src/lib/server/crdt/core/api.js'

/** A region of one shard that has applied so much. @param vectors - slot -> region of the writer -> sequence; all of epoch 1 */
function regionWith(region: number, vectors: Readonly<Record<number, Readonly<Record<number, number>>>>): RegionState {
  const vectorOf = (slot: number): VectorEntries =>
    Object.entries(vectors[slot] ?? {}).map(([writer, sequence]) => [{epoch: 1, region: Number(writer)}, sequence])
  const core = {
    covers: (slot: number, actor: {region: number}, sequence: number) =>
      (vectors[slot]?.[actor.region] ?? 0) >= sequence,
    slots: () => Object.keys(vectors).map(Number),
    vectorOf,
  } as unknown as CrdtCore
  return {coreOf: () => core, cores: [core], region}
}

describe('lacksAmong', () => {
  it('finds nothing where all have the same', () => {
    expect(lacksAmong([regionWith(1, {5: {1: 3}}), regionWith(2, {5: {1: 3}})])).toEqual([])
    expect(lacksAmong([regionWith(1, {}), regionWith(2, {})])).toEqual([])
  })

  it('finds what others have, whoever wrote it', () => {
    const regions = [regionWith(1, {5: {1: 3, 2: 1}}), regionWith(2, {5: {1: 1, 2: 2}, 9: {3: 4}})]
    expect(lacksAmong(regions)).toEqual([
      {actor: {epoch: 1, region: 2}, count: 1, region: 1, sequence: 2, slot: 5},
      {actor: {epoch: 1, region: 1}, count: 2, region: 2, sequence: 3, slot: 5},
      {actor: {epoch: 1, region: 3}, count: 4, region: 1, sequence: 4, slot: 9},
    ])
  })

  it('forgets those that have come since', () => {
    const lacks = lacksAmong([regionWith(1, {5: {1: 3}}), regionWith(2, {5: {1: 1}}), regionWith(3, {})])
    expect(lacks).toHaveLength(2)
    const later = new Map([
      [2, regionWith(2, {5: {1: 4}})],
      [3, regionWith(3, {5: {1: 2}})],
    ])
    expect(stillLacking(lacks, later).map(({region}) => region)).toEqual([3])
  })
})

describe('describeLacks', () => {
  it('names who waits for what of whom', () => {
    const actor = {epoch: 1, region: 1}
    const lack = (region: number, slot: number, count: number) => ({actor, count, region, sequence: 9, slot})
    expect(describeLacks([lack(2, 5, 1)])).toBe('region 2 waits for 1 effect of region 1 in slot 5')
    expect(describeLacks([lack(2, 5, 1), lack(3, 5, 1), lack(2, 6, 3)])).toBe(
      'region 2 waits for 4 effects of region 1 in slots 5, 6; region 3 waits for 1 effect of region 1 in slot 5',
    )
    const many = Array.from({length: 8}, (_, slot) => lack(2, slot, 1))
    expect(describeLacks(many)).toBe('region 2 waits for 8 effects of region 1 in slots 0, 1, 2, 3, 4 and 3 more')
  })
})
