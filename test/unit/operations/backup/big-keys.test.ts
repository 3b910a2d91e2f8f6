import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {expect, it, vi} from 'vitest'
import {type EachFile, verifyKeys, writeKeys} from '../../../../src/lib/operations/backup/restore-keys.js'
import {verifyBackup} from '../../../../src/lib/operations/backup/verify-backup.js'
import type {ClusterWriter} from '../../../../src/lib/operations/load/cluster-writer.js'
import type {DumpedKey} from '../../../../src/lib/operations/load/types.js'
import type {Manifest, ShardEntry} from '../../../../src/lib/plan/backup/manifest.js'
import {Crc64} from '../../../../src/lib/protocol/crc64.js'
import {type RdbItem, RdbWalker} from '../../../../src/lib/protocol/rdb/walker.js'
import {temporaryFolder} from '../../../support/processes.js'

// What is too big to be carried is too big for a test as well.
vi.mock('../../../../src/lib/protocol/rdb/dump.js', async (original) => ({
  ...(await original<object>()),
  fitsPayload: (valueBytes: number) => valueBytes <= 1000,
}))

/** `a`, a hash `huge` of 40 times 100 bytes, a string `long` of 4000 bytes, `z`. */
function file(): Buffer {
  const field = (i: number) => [
    Buffer.from([2, 48 + Math.floor(i / 10), 48 + (i % 10), 64, 100]),
    Buffer.alloc(100, 120),
  ]
  const head = Buffer.concat([
    Buffer.from('REDIS0010'),
    Buffer.from([0, 1, 97, 1, 49]),
    Buffer.from([4, 4, ...Buffer.from('huge'), 40]),
    ...Array.from({length: 40}, (_, i) => field(i)).flat(),
    Buffer.from([0, 4, ...Buffer.from('long'), 0x40 | (4000 >> 8), 4000 & 255]),
    Buffer.alloc(4000, 121),
    Buffer.from([0, 1, 122, 1, 50, 255]),
  ])
  return Buffer.concat([head, Buffer.from(new Crc64().addBytes(head).digest(), 'latin1')])
}

function eachFile(): EachFile {
  const folder = temporaryFolder('backup')
  writeFileSync(join(folder, 'shard.rdb'), file())
  const shard = {file: 'shard.rdb', slots: '0-16383', keys: {0: 4}} as unknown as ShardEntry
  const manifest = {shards: [shard], functions: null, acl: null} as unknown as Manifest
  return {folder, manifest, parallel: 1, signal: new AbortController().signal, onProgress: () => undefined}
}

it('drops a value that is too long to be carried, and goes on with the next', () => {
  const walker = new RdbWalker({keepValues: true})
  const items: RdbItem[] = []
  let held = 0
  for (const byte of file()) {
    walker.push(Buffer.of(byte))
    for (let item = walker.next(); item; item = walker.next()) items.push(item)
    held = Math.max(held, walker.heldBytes)
  }
  const keys = items.flatMap((item) => (item.kind === 'key' ? [[item.key, item.payload !== undefined]] : []))
  expect(keys).toEqual([
    ['a', true],
    ['huge', false],
    ['long', false],
    ['z', true],
  ])
  expect(items.at(-1)).toEqual({kind: 'end', checksum: 'ok'})
  expect(held).toBeLessThan(1100)
})

it('restores the others, and names what it leaves out', async () => {
  const each = eachFile()
  const written: string[] = []
  const writer = {
    ready: async () => undefined,
    write: (keys: readonly DumpedKey[]) => written.push(...keys.map(({key}) => key)),
    comparer: {compare: async () => ({kind: 'same'})},
  } as unknown as ClusterWriter
  await writeKeys(each, writer)
  expect(written).toEqual(['a', 'z'])
  expect(await verifyKeys(each, writer)).toMatchObject({equal: 2, missing: 0})
  const {bigKeys} = await verifyBackup(each.folder, each.manifest, each)
  expect(bigKeys).toEqual({count: 2, names: ['"huge"', '"long"']})
})
