import {randomBytes} from 'node:crypto'
import {closeSync, openSync, readSync, writeSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {Redis} from 'ioredis'
import {RdbFileReader} from '../src/lib/protocol/rdb/file-reader.js'
import {RdbFileWriter} from '../src/lib/protocol/rdb/file-writer.js'
import {guard, makeFolder, start, stop} from './processes.js'
import {median, table} from './report.js'

/**
 * Writing and reading an RDB file of a million strings, beside redis-server: `npx tsx bench/rdb-files.ts`. CPU seconds, the
 * kernel's included. Ours is the codec alone; redis-server's figures hold its keyspace too.
 */
const KEY_COUNT = 1_000_000
const VALUE_LENGTH = 100
const CHUNK_BYTES = 64 * 1024
const ROUNDS = 3
const PORT = 22_500

const VALUES: Readonly<Record<string, (i: number) => string>> = {
  random: () => randomBytes((VALUE_LENGTH * 3) / 4).toString('base64'),
  repetitive: (i) => 'x'.repeat(VALUE_LENGTH - 10) + String(i).padStart(10, '0'),
}

const KEYS = Array.from({length: KEY_COUNT}, (_, i) => `key:${String(i).padStart(12, '0')}`)

function cpuSeconds(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const {system, user} = process.cpuUsage(before)
  return (system + user) / 1e6
}

function write(path: string, values: readonly string[], compress: boolean): void {
  const file = openSync(path, 'w')
  const writer = new RdbFileWriter({
    checksum: true,
    compress,
    emit: (chunk) => {
      writeSync(file, chunk)
      writer.giveBack(chunk)
    },
  })
  writer.database(0, values.length, 0)
  for (let i = 0; i < KEY_COUNT; i++) writer.key(KEYS[i]!, values[i]!)
  writer.end()
  closeSync(file)
}

function read(path: string): void {
  const file = openSync(path, 'r')
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  const reader = new RdbFileReader({checksum: true})
  let keys = 0
  for (let length = readSync(file, chunk); length > 0; length = readSync(file, chunk)) {
    reader.push(chunk.subarray(0, length))
    for (let item = reader.next(); item !== undefined; item = reader.next()) if (item.kind === 'key') keys++
  }
  reader.requireEnd()
  closeSync(file)
  if (keys !== KEY_COUNT) throw new Error(`${keys} keys read`)
}

async function cpuOf(client: Redis, which: '' | '_children'): Promise<number> {
  const info = await client.info('cpu')
  const seconds = (name: string): number => Number(new RegExp(`used_cpu_${name}${which}:([\\d.]+)`).exec(info)?.[1])
  return seconds('user') + seconds('sys')
}

/** @returns CPU seconds of a start on the file, and of a BGSAVE */
async function redisOn(folder: string, compress: boolean): Promise<{load: number; save: number}> {
  const settings = ['--port', String(PORT), '--save', '', '--dir', folder, '--rdbcompression', compress ? 'yes' : 'no']
  const server = start('redis-server', settings)
  const client = new Redis({host: '127.0.0.1', maxRetriesPerRequest: null, port: PORT, retryStrategy: () => 50})
  client.on('error', () => undefined)
  while ((await client.dbsize()) !== KEY_COUNT) await delay(20)
  const load = await cpuOf(client, '')
  await client.bgsave()
  while (/rdb_bgsave_in_progress:1/.test(await client.info('persistence'))) await delay(20)
  const save = await cpuOf(client, '_children')
  client.disconnect()
  await stop(server)
  return {load, save}
}

guard(20 * 60_000)
const rows: string[][] = []
for (const [kind, makeValue] of Object.entries(VALUES)) {
  const values = Array.from({length: KEY_COUNT}, (_, i) => makeValue(i))
  for (const compress of [true, false]) {
    const folder = makeFolder()
    const path = join(folder, 'dump.rdb')
    const figures = {load: [] as number[], read: [] as number[], save: [] as number[], write: [] as number[]}
    for (let round = 0; round < ROUNDS; round++) {
      figures.write.push(cpuSeconds(() => write(path, values, compress)))
      figures.read.push(cpuSeconds(() => read(path)))
      const {load, save} = await redisOn(folder, compress)
      figures.load.push(load)
      figures.save.push(save)
    }
    const {load, read: readOurs, save, write: writeOurs} = figures
    const shown = [writeOurs, save, readOurs, load].map((seconds) => median(seconds).toFixed(2))
    rows.push([kind, compress ? 'yes' : 'no', ...shown])
  }
}
console.log(table(['values', 'compressed', 'write', 'BGSAVE', 'read', 'load at start'], rows))
process.exit(0)
