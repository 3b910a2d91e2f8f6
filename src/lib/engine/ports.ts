import {once} from 'node:events'
import {createServer} from 'node:net'

/**
 * Whether this process could listen there now. It is an answer for people, not a lock: whoever listens next must still be
 * ready to be refused.
 */
export async function isPortFree(host: string, port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({exclusive: true, host, port})
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

/** The ones that are taken, in the order given. */
export async function takenPorts(host: string, ports: readonly number[]): Promise<number[]> {
  const free = await Promise.all(ports.map((port) => isPortFree(host, port)))
  return ports.filter((_, index) => !free[index])
}
