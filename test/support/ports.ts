import {createSocket, type Socket} from 'node:dgram'
import {once} from 'node:events'
import {createServer} from 'node:net'
import {afterAll} from 'vitest'

/**
 * Ports for tests that run at the same time, in this checkout or another. A port is claimed by binding the UDP port of
 * the same number, which nothing here uses: the kernel arbitrates, and a claim ends with its process, however it dies.
 *
 * The range and its bus ports (+10000) lie below the ephemeral ports of Linux (32768), so that no outgoing connection
 * takes one by chance.
 */
const FIRST_PORT = 21000
const PORT_COUNT = 1600
const BUS_PORT_OFFSET = 10000
const ATTEMPTS_MAX = 500

const claims = new Set<Socket>()

async function claim(port: number): Promise<Socket | undefined> {
  const socket = createSocket({reuseAddr: false, type: 'udp4'})
  try {
    socket.bind({address: '127.0.0.1', exclusive: true, port})
    await once(socket, 'listening')
  } catch {
    socket.close()
    return undefined
  }
  socket.unref()
  return socket
}

/** Whether this process could listen on the TCP port, on any address. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({exclusive: true, host: '0.0.0.0', port})
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

async function claimRun(base: number, count: number): Promise<boolean> {
  const mine: Socket[] = []
  for (let port = base; port < base + count; port++) {
    const socket = await claim(port)
    const free = socket !== undefined && (await isPortFree(port)) && (await isPortFree(port + BUS_PORT_OFFSET))
    if (socket) mine.push(socket)
    if (!free) {
      for (const each of mine) each.close()
      return false
    }
  }
  for (const each of mine) claims.add(each)
  return true
}

/**
 * Claims `count` consecutive ports whose bus ports (+10000) are free too, until the test file ends.
 *
 * @returns the first of them
 */
export async function claimPorts(count = 1): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const base = FIRST_PORT + Math.floor(Math.random() * (PORT_COUNT - count))
    if (await claimRun(base, count)) return base
  }
  throw new Error(`no ${count} consecutive free ports in ${FIRST_PORT}..${FIRST_PORT + PORT_COUNT - 1}`)
}

afterAll(() => {
  for (const socket of claims) socket.close()
  claims.clear()
})
