import {expect, it} from 'vitest'
import type {Rng} from '../../../src/lib/kernel/rng.js'
import {describeWithPeers} from '../../support/peers.js'
import {bothServers, describeRandomCommands} from './harness.js'
import {HASHES, SETS, SETS_AND_HASHES} from './sets-hashes-commands.js'
import {shape, sortedDeep, unorderedReply} from './unordered.js'

/** Random commands on sets and hashes, over the limits of packed encodings and back, with keys of wrong types between. */
const SEEDS = [1, 2, 3]
const COMMANDS_PER_SEED = 2000

/** Their replies inside EXEC's could not be told from others. */
const NOT_QUEUED = ['SRANDMEMBER', 'HRANDFIELD', 'DUMP']
let isQueueing = false

function makeCommand(rng: Rng): string[] {
  const kind = rng.below(100)
  const command = rng.pick(kind < 42 ? SETS : kind < 82 ? HASHES : SETS_AND_HASHES)(rng)
  if (command[0] === 'MULTI') isQueueing = true
  if (command[0] === 'EXEC') isQueueing = false
  return isQueueing && NOT_QUEUED.includes(command[0]!) ? ['PING'] : command
}

/** Type bytes whose elements come in the order of a hash table. */
const LOOSE_TYPES = ['\x02', '\x04']

function normal(command: readonly string[], reply: string): string {
  if (reply === '+QUEUED\r\n') return reply
  switch (command[0]) {
    case 'SRANDMEMBER':
    case 'HRANDFIELD':
      return reply.startsWith('-') ? reply : shape(reply)
    case 'DUMP':
      return LOOSE_TYPES.includes(reply[reply.indexOf('\n') + 1]!) ? `loose, ${reply.length}` : reply
    case 'EXEC':
      return sortedDeep(reply)
    default:
      return unorderedReply(command, reply)
  }
}

/** What random commands may have set otherwise. */
const DEFAULTS = [['FLUSHALL'], ['CONFIG', 'SET', 'set-max-intset-entries', '512']]

// Compressed bytes differ between compressors.
const SETTINGS = {rdbcompression: 'no'}

describeWithPeers('sets and hashes beside redis-server', () => {
  const servers = bothServers(SETTINGS)
  describeRandomCommands(servers, {commandsPerSeed: COMMANDS_PER_SEED, makeCommand, normal, seeds: SEEDS})

  it('leaves as many, kept in the same way, when SPOP takes some', async () => {
    const [theirs, ours] = await servers.both()
    for (const one of [theirs, ours]) await one.batch(DEFAULTS)
    const integers = Array.from({length: 60}, (_, i) => String(i))
    const words = integers.map((text) => `w${text}`)
    for (const [members, more] of [
      [integers, []],
      [words, []],
      // A table that could be packed once its only word is gone.
      [integers, ['SREM', 'k', 'word']],
    ]) {
      for (let count = 0; count <= members!.length + 1; count++) {
        const commands = [
          ['DEL', 'k'],
          ['SADD', 'k', ...members!],
          ...(more!.length > 0 ? [['SADD', 'k', 'word'], more!] : []),
          ['SPOP', 'k', String(count)],
          ['SCARD', 'k'],
          ['OBJECT', 'ENCODING', 'k'],
        ]
        const [expected, actual] = await Promise.all([theirs.batch(commands), ours.batch(commands)])
        const shapes = (replies: string[]): string[] => replies.map((one) => (one.startsWith('*') ? shape(one) : one))
        expect({commands: commands.slice(2), replies: shapes(actual)}).toEqual({
          commands: commands.slice(2),
          replies: shapes(expected),
        })
      }
    }
    theirs.close()
    ours.close()
  })

  it('keeps a difference as the way it was made leaves it', async () => {
    const [theirs, ours] = await servers.both()
    for (const one of [theirs, ours]) await one.batch(DEFAULTS)
    const integers = (count: number): string[] => Array.from({length: count}, (_, i) => String(i))
    for (let first = 1; first < 14; first++) {
      for (let second = 1; second < 14; second++) {
        const commands = [
          ['DEL', 'a', 'b', 'c'],
          ['SADD', 'a', 'word', ...integers(first)],
          ['SADD', 'b', 'word', ...integers(second).map((text) => `-${text}1`)],
          ['SADD', 'c', '1'],
          ['SDIFFSTORE', 'd', 'a', 'b'],
          ['OBJECT', 'ENCODING', 'd'],
          ['SDIFFSTORE', 'd', 'a', 'c', 'none', 'b'],
          ['OBJECT', 'ENCODING', 'd'],
        ]
        const [expected, actual] = await Promise.all([theirs.batch(commands), ours.batch(commands)])
        expect({commands, replies: actual}).toEqual({commands, replies: expected})
      }
    }
    theirs.close()
    ours.close()
  })
})
