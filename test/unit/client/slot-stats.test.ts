import {describe, expect, it} from 'vitest'
import type {WireReply} from '../../../src/lib/client/migration/reply-reader.js'
import {NodeReplyError} from '../../../src/lib/client/reply-error.js'
import {readSlotStats, slotStats} from '../../../src/lib/client/slot-stats.js'

describe('CLUSTER SLOT-STATS', () => {
  it('asks for a range', () => {
    expect(slotStats({first: 3, last: 9})).toEqual(['CLUSTER', 'SLOT-STATS', 'SLOTSRANGE', '3', '9'])
  })

  it('reads what a server tells, whatever else it tells', () => {
    const reply: WireReply = [
      [3, ['key-count', 5, 'memory-bytes', 100, 'cpu-usec', 7, 'network-bytes-in', 1]],
      [4, ['key-count', 0]],
    ]
    expect(readSlotStats(reply)).toEqual([
      {slot: 3, cpuUs: 7, memoryBytes: 100},
      {slot: 4, cpuUs: undefined, memoryBytes: undefined},
    ])
    expect(readSlotStats([])).toEqual([])
  })

  it.each<[WireReply]>([
    [new NodeReplyError("ERR unknown subcommand 'SLOT-STATS'. Try CLUSTER HELP.")],
    ['OK'],
    [[3, ['key-count', 5]]],
    [[['3', []]]],
    [[[99999, []]]],
    [[[3, 'key-count']]],
  ])('takes %j for none', (reply) => {
    expect(readSlotStats(reply)).toBeUndefined()
  })
})
