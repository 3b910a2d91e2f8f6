import {connect, createServer, type Server, type Socket} from 'node:net'
import {pathToFileURL} from 'node:url'

/**
 * Delaying TCP proxies: every byte arrives `delayMs` later, in each direction, in order. No bandwidth limit.
 *
 *   client ---> 127.0.0.1:listenPort ---(delayMs)---> 127.0.0.1:targetPort
 *          <------------------------(delayMs)---
 *
 * Run as a process of its own, so that the proxies' work is nobody's event loop:
 *
 *   node --import tsx bench/delay-proxy.ts --delay-ms 2 22300:22000 22301:22001
 *
 * It prints `ready` once every port listens, and ends on SIGTERM or when its stdin closes.
 */

/** Beyond this much undelivered data in one direction the proxy stops reading there. */
const QUEUED_BYTES_MAX = 8 * 1024 * 1024

export interface ProxyPort {
  readonly listenPort: number
  readonly targetPort: number
}

interface Parcel {
  /** What to hand on; `undefined` is the end of the stream. */
  readonly chunk: Buffer | undefined
  readonly dueMs: number
}

/** Copies `from` to `to`, each chunk `delayMs` after it came. */
function relay(from: Socket, to: Socket, delayMs: number): void {
  const queue: Parcel[] = []
  let queuedBytes = 0
  let timer: NodeJS.Timeout | undefined

  const deliver = (): void => {
    timer = undefined
    const nowMs = performance.now()
    // Half a millisecond of grace: timers count whole milliseconds, so waiting on would add a whole one.
    while (queue.length > 0 && (queue[0] as Parcel).dueMs <= nowMs + 0.5) {
      const {chunk} = queue.shift() as Parcel
      if (chunk === undefined) {
        to.end()
      } else {
        queuedBytes -= chunk.length
        if (!to.destroyed) to.write(chunk)
      }
    }
    if (queuedBytes < QUEUED_BYTES_MAX) from.resume()
    if (queue.length > 0) arm()
  }
  const arm = (): void => {
    timer ??= setTimeout(deliver, Math.max(0, (queue[0] as Parcel).dueMs - performance.now()))
  }
  const push = (chunk: Buffer | undefined): void => {
    queue.push({chunk, dueMs: performance.now() + delayMs})
    queuedBytes += chunk?.length ?? 0
    if (queuedBytes >= QUEUED_BYTES_MAX) from.pause()
    arm()
  }
  from.on('data', push)
  from.on('end', () => push(undefined))
  from.on('close', () => {
    // After an abort nothing queued matters; after a normal end the queue's last parcel ends the other side.
    if (queue.length === 0) to.destroySoon()
  })
  to.on('close', () => {
    clearTimeout(timer)
    queue.length = 0
    from.destroy()
  })
}

/** One listening proxy. Resolves once it listens; rejects if the port is taken. */
export async function startDelayProxy({listenPort, targetPort}: ProxyPort, delayMs: number): Promise<Server> {
  const server = createServer({allowHalfOpen: true, noDelay: true}, (inbound) => {
    const outbound = connect({port: targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true})
    inbound.on('error', () => outbound.destroy())
    outbound.on('error', () => inbound.destroy())
    relay(inbound, outbound, delayMs)
    relay(outbound, inbound, delayMs)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listenPort, '127.0.0.1', resolve)
  })
  return server
}

async function main(args: readonly string[]): Promise<void> {
  const flag = args.indexOf('--delay-ms')
  const delayMs = Number(args[flag + 1])
  const ports = args
    .filter((argument) => /^\d+:\d+$/.test(argument))
    .map((argument): ProxyPort => {
      const [listenPort = 0, targetPort = 0] = argument.split(':').map(Number)
      return {listenPort, targetPort}
    })
  if (flag < 0 || !(delayMs >= 0) || ports.length === 0) {
    console.error('usage: delay-proxy.ts --delay-ms MS LISTEN:TARGET...')
    process.exit(2)
  }
  await Promise.all(ports.map((port) => startDelayProxy(port, delayMs)))
  console.log('ready')
  process.on('SIGTERM', () => process.exit(0))
  process.stdin.on('end', () => process.exit(0)).on('error', () => process.exit(0))
  process.stdin.resume()
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.argv.slice(2))
}
