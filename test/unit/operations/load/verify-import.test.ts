import {expect, it} from 'vitest'
import type {WireReply} from '../../../../src/lib/client/migration/reply-reader.js'
import type {WireCommand} from '../../../../src/lib/client/migration/wire.js'
import {NodeReplyError} from '../../../../src/lib/client/reply-error.js'
import type {ClusterWriter} from '../../../../src/lib/operations/load/cluster-writer.js'
import type {Source, SourceLink} from '../../../../src/lib/operations/load/source.js'
import {Verification} from '../../../../src/lib/operations/load/verify-import.js'

const GB = 1024 ** 3
const SOURCE = {dialect: {absolute: true, clockOffsetMs: 0}, facts: {datasetBytes: 2 * GB}} as Source

it('does not ask for the dump of a key that was too big to be brought', async () => {
  const dumped: string[] = []
  const answer = ([name, key, last]: WireCommand): WireReply => {
    if (name === 'MEMORY') return last === 'huge' ? GB : 100
    if (name === 'DUMP') dumped.push(key as string)
    return name === 'DUMP' ? 'payload' : -1
  }
  const link = {send: async (commands: readonly WireCommand[]) => commands.map(answer)} as unknown as SourceLink
  const writer = {comparer: {compare: async () => ({kind: 'same'})}} as unknown as ClusterWriter
  const verification = new Verification('full', SOURCE, writer)
  await verification.page(link, ['a', 'huge', 'b'], (_, work) => work())
  expect(dumped).toEqual(['a', 'b'])
  expect(verification).toMatchObject({checked: 2, missing: 0, different: 0})
})

it('does not take a key for gone because the source refuses to tell', async () => {
  const link = {send: async () => [new NodeReplyError('NOPERM no')]} as unknown as SourceLink
  const writer = {router: {send: async () => [0]}} as unknown as ClusterWriter
  const verification = new Verification('count', SOURCE, writer)
  await expect(verification.page(link, ['a'], (_, work) => work())).rejects.toMatchObject({
    code: 'PLAN_PARTIAL',
    message: expect.stringContaining('EXISTS: NOPERM'),
    suggestions: [expect.stringContaining('+exists')],
  })
})
