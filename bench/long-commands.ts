import {connect, type Socket} from 'node:net'
import {type Case, GROUPS, type Group, PAYLOAD, TARGET_PORT} from './long-commands-cases.js'
import type {BenchOptions} from './options.js'
import {median, publish, table} from './report.js'
import {KINDS, type Kind, type Served, serve} from './served.js'

/** Commands on values and keyspaces of a million, each alone: from sending it until the last byte of its reply is here. */

const END = Buffer.from('$7\r\nthe end\r\n')
const READ_BYTES = 1 << 20
/** Above this many times redis-server's time the table marks it; what takes less than this many ms does not matter. */
const BAR = 3
const NOISE_MS = 2

/** One connection, one command at a time. */
class Caller {
  private readonly socket: Socket
  private readonly tail = Buffer.alloc(END.length)
  private first = ''
  /** What came, while it is wanted. */
  private kept: Buffer[] | undefined = undefined
  private done: (() => void) | undefined = undefined
  private failed: ((error: Error) => void) | undefined = undefined

  constructor(port: number) {
    // One buffer for all there is to read: the caller must not take longer than the server.
    const onread = {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (length: number, buffer: Uint8Array) => this.onData(Buffer.from(buffer.buffer, 0, length)),
    }
    this.socket = connect({host: '127.0.0.1', noDelay: true, onread, port})
    this.socket.on('error', (error) => this.failed?.(error))
    this.socket.on('close', () => this.failed?.(new Error(`port ${port} closed the connection`)))
  }

  private onData(chunk: Buffer): boolean {
    if (this.first === '') this.first = chunk.toString('latin1', 0, 100)
    this.kept?.push(Buffer.from(chunk))
    if (chunk.length >= END.length) chunk.copy(this.tail, 0, chunk.length - END.length)
    else {
      this.tail.copyWithin(0, chunk.length)
      chunk.copy(this.tail, END.length - chunk.length)
    }
    if (this.tail.equals(END)) this.done?.()
    return true
  }

  /** @returns milliseconds. @throws Error on an error reply */
  async call(argv: readonly string[]): Promise<number> {
    this.first = ''
    this.tail.fill(0)
    const parts = [`*${argv.length}\r\n`]
    for (const word of argv) parts.push(`$${word.length}\r\n${word}\r\n`)
    const request = Buffer.from(`${parts.join('')}*2\r\n$4\r\nECHO\r\n${END.toString()}`, 'latin1')
    const startMs = performance.now()
    await new Promise<void>((resolve, reject) => {
      this.done = resolve
      this.failed = reject
      this.socket.write(request)
    })
    const tookMs = performance.now() - startMs
    this.failed = undefined
    if (this.first.startsWith('-')) throw new Error(`${argv.slice(0, 6).join(' ').slice(0, 100)}: ${this.first}`)
    return tookMs
  }

  /** The bulk string that a command answers with. */
  async bulk(argv: readonly string[]): Promise<string> {
    this.kept = []
    await this.call(argv)
    const whole = Buffer.concat(this.kept)
    this.kept = undefined
    const begin = whole.indexOf('\n') + 1
    return whole.toString('latin1', begin, whole.length - END.length - 2)
  }

  close(): void {
    this.socket.removeAllListeners('close')
    this.socket.destroy()
  }
}

interface Side {
  readonly kind: Kind
  readonly server: Served
  readonly target: Served
  readonly caller: Caller
}

async function measure({caller, target}: Side, {argv, before = [], dumped}: Case): Promise<number> {
  for (const command of before) await caller.call(command)
  const payload = dumped === undefined ? '' : await caller.bulk(['DUMP', dumped])
  const words = argv.map((word) => (word === PAYLOAD ? payload : word === TARGET_PORT ? String(target.port) : word))
  return caller.call(words)
}

export interface Long {
  readonly group: string
  readonly what: string
  readonly redisMs: number
  readonly shoalMs: number
}

const SETTINGS = ['--enable-debug-command', 'local']

async function measureGroup(group: Group, basePort: number, count: number, rounds: number): Promise<Long[]> {
  const sides: Side[] = []
  for (const [index, kind] of KINDS.entries()) {
    const server = await serve(kind, basePort + index, SETTINGS)
    const target = await serve(kind, basePort + 10 + index)
    await group.prepare(server.port, count)
    sides.push({caller: new Caller(server.port), kind, server, target})
  }
  const found: Long[] = []
  for (const one of group.cases(count)) {
    const times: Record<Kind, number[]> = {'redis-server': [], 'shoal-server': []}
    for (let round = 0; round < rounds; round++) {
      for (const side of round % 2 === 0 ? sides : [...sides].reverse()) times[side.kind].push(await measure(side, one))
    }
    const what = one.what ?? one.argv.join(' ')
    const [redisMs, shoalMs] = [median(times['redis-server']), median(times['shoal-server'])]
    found.push({group: group.name, redisMs, shoalMs, what})
    console.log(`  ${group.name}: ${what}: ${redisMs.toFixed(1)} ${shoalMs.toFixed(1)}`)
  }
  for (const {caller, server, target} of sides) {
    caller.close()
    await server.stop()
    await target.stop()
  }
  return found
}

function isOver({redisMs, shoalMs}: Long): boolean {
  return shoalMs > Math.max(NOISE_MS, redisMs * BAR)
}

function longTable(all: readonly Long[]): string {
  const rows = all.map((one) => [
    one.group,
    one.what,
    one.redisMs.toFixed(1),
    one.shoalMs.toFixed(1),
    `${(one.shoalMs / one.redisMs).toFixed(2)}x${isOver(one) ? ` (bar ${BAR}x)` : ''}`,
  ])
  return table(['value', 'command', 'redis-server, ms', 'shoal-server, ms', 'time'], rows)
}

export async function benchLongCommands({basePort, only, quick, rounds}: BenchOptions): Promise<void> {
  const count = quick ? 100_000 : 1_000_000
  const found: Long[] = []
  for (const group of GROUPS) {
    if (only !== undefined && !group.name.includes(only)) continue
    found.push(...(await measureGroup(group, basePort, count, rounds ?? (quick ? 1 : 3))))
  }
  const shown = longTable(found)
  console.log(`\n${shown}\n`)
  if (only === undefined) publish('long-commands', quick, {count, found}, [shown])
}
