import {isPortFree} from '../ports.js'

/**
 * Addresses of a node on port P beside 127.0.0.1, with hi and lo the two bytes of P; so no two nodes of a machine share one:
 *
 *     127.hi.lo.1   it dials its peers from here
 *     127.hi.lo.2   its peers reach it here: the link proxy listens, on P and on its bus port
 */
export function sourceHostOf(port: number): string {
  return `127.${port >> 8}.${port & 255}.1`
}

export function peerHostOf(port: number): string {
  return `127.${port >> 8}.${port & 255}.2`
}

/** Whether all of 127.0.0.0/8 is this machine, as on Linux; elsewhere 127.0.0.1 alone. */
export async function hasLoopbackNet(): Promise<boolean> {
  return process.platform === 'linux' && (await isPortFree(peerHostOf(1), 0))
}
