import {fork} from 'node:child_process'
import {once} from 'node:events'
import {connect} from 'node:net'
import {fileURLToPath} from 'node:url'
import {own} from './processes.js'

/**
 * SETs at a fixed rate over one connection, from a process of its own: whoever measures beside them would otherwise
 * measure how long it takes to make them, and the collections of garbage that come of it.
 */

const TICK_MS = 2
const VALUE = 'x'.repeat(100)
const OK = '+OK\r\n'

export interface LoadReport {
  /** Answered, from the first to the end. */
  readonly writesPerSecond: number
  /** The first answer that was not OK, or why the connection ended. */
  readonly failure: string | undefined
}

/** It runs once this resolves. */
export async function startLoad(port: number, writesPerSecond: number, keyCount: number): Promise<SteadyLoad> {
  const load = new SteadyLoad(port, writesPerSecond, keyCount)
  await load.started
  return load
}

export class SteadyLoad {
  private readonly child
  readonly started: Promise<unknown>

  constructor(
    port: number,
    private readonly writesPerSecond: number,
    keyCount: number,
  ) {
    const words = [port, writesPerSecond, keyCount].map(String)
    this.child = own(fork(fileURLToPath(import.meta.url), words, {execArgv: ['--import', 'tsx']}))
    this.started = once(this.child, 'message')
  }

  /** @throws Error if it was not the load that it was to be */
  async end(): Promise<void> {
    const reported = once(this.child, 'message')
    this.child.send('end')
    const [{failure, writesPerSecond}] = (await reported) as [LoadReport]
    this.child.disconnect()
    if (failure !== undefined) throw new Error(`the load: ${failure}`)
    if (writesPerSecond < this.writesPerSecond * 0.99) {
      throw new Error(`the load came to ${Math.round(writesPerSecond)} writes a second, not ${this.writesPerSecond}`)
    }
  }
}

function runLoad(port: number, writesPerSecond: number, keyCount: number): void {
  const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
  let written = 0
  let answeredBytes = 0
  let failure: string | undefined
  let startMs = 0
  const write = (): void => {
    const due = Math.floor(((performance.now() - startMs) / 1000) * writesPerSecond)
    let text = ''
    for (; written < due; written++) {
      const key = `key:${written % keyCount}`
      text += `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${VALUE.length}\r\n${VALUE}\r\n`
    }
    if (text !== '') socket.write(text, 'latin1')
  }
  socket.on('connect', () => {
    startMs = performance.now()
    setInterval(write, TICK_MS)
    process.send!('started')
  })
  socket.on('data', (answers: string) => {
    if (answers.includes('-')) failure ??= answers.slice(answers.indexOf('-'), 200)
    answeredBytes += answers.length
  })
  socket.on('error', (error) => {
    failure ??= error.message
  })
  process.on('message', () => {
    const answered = answeredBytes / OK.length
    process.send!({failure, writesPerSecond: (answered * 1000) / (performance.now() - startMs)} satisfies LoadReport)
  })
  process.on('disconnect', () => process.exit(0))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port, writesPerSecond, keyCount] = process.argv.slice(2).map(Number)
  runLoad(port!, writesPerSecond!, keyCount!)
}
