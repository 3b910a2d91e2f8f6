import {execFile} from 'node:child_process'
import {constants} from 'node:fs'
import {access, readFile} from 'node:fs/promises'
import {release} from 'node:os'
import {delimiter, join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {isPortFree, takenPorts} from '../../engine/ports.js'

/** What `doctor` asks this machine; each answers, none throws. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly nodeVersion: string
  /** The kernel's. */
  readonly release: string
  /** @returns its path, if it is on PATH and can be run */
  findProgram(name: string): Promise<string | undefined>
  /** @returns what it printed; undefined if it could not be run or failed */
  run(file: string, args: readonly string[]): Promise<{readonly ok: boolean; readonly text: string}>
  /** Whether this machine has the address. */
  hasAddress(host: string): Promise<boolean>
  takenPorts(host: string, ports: readonly number[]): Promise<number[]>
  /** @returns undefined if there is no such file */
  readText(path: string): Promise<string | undefined>
  /** How far the system clock moved, compared with one that nobody sets, over a moment. Milliseconds. */
  clockDriftMs(): Promise<number>
  readonly nowMs: number
}

const RUN_TIMEOUT_MS = 5000
const CLOCK_LOOK_MS = 50

export function thisMachine(env: Readonly<Record<string, string | undefined>>): Machine {
  return {
    clockDriftMs: async () => {
      const [wall, steady] = [Date.now(), performance.now()]
      await delay(CLOCK_LOOK_MS)
      return Date.now() - wall - (performance.now() - steady)
    },
    findProgram: async (name) => {
      for (const folder of (env['PATH'] ?? '').split(delimiter).filter((each) => each !== '')) {
        const path = join(folder, name)
        const isThere = await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
        if (isThere) return path
      }
      return undefined
    },
    hasAddress: (host) => isPortFree(host, 0),
    nodeVersion: process.versions.node,
    nowMs: Date.now(),
    platform: process.platform,
    readText: (path) => readFile(path, 'utf8').catch(() => undefined),
    release: release(),
    run: (file, args) =>
      new Promise((resolve) => {
        const options = {env: {...process.env, LC_ALL: 'C'}, timeout: RUN_TIMEOUT_MS}
        execFile(file, [...args], options, (error, stdout, stderr) => {
          resolve({ok: error === null, text: (error === null ? stdout : stderr || String(error.message)).trim()})
        })
      }),
    takenPorts,
  }
}
