import {existsSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {claimPorts, isPortFree} from '../support/ports.js'
import {processesWith, temporaryFolder, waitFor} from '../support/processes.js'

let state: string
let basePort: number

const shoal = (args: readonly string[]) => runShoal(args, {env: {SHOAL_STATE_DIR: state}})
const up = () => shoal(['up', '--base-port', String(basePort), '--primaries', '1', '--persistence', 'rdb'])

beforeEach(async () => {
  state = join(temporaryFolder('down'), 'state')
  basePort = await claimPorts(2)
})

afterEach(async () => {
  for (const pid of processesWith(state)) process.kill(pid, 'SIGKILL')
  await waitFor(() => processesWith(state).length === 0, {what: 'end of all nodes'})
})

describe('shoal down', () => {
  it('stops the nodes, deletes their data and frees their ports', async () => {
    expect((await up()).code).toBe(0)
    const result = await shoal(['down'])
    expect(result).toMatchObject({code: 0, stdout: 'environment default is gone, with its data; 2 nodes stopped\n'})
    expect(processesWith(state)).toEqual([])
    expect(existsSync(join(state, 'environments'))).toBe(false)
    for (const port of [basePort, basePort + 1, basePort + 10_000]) expect(await isPortFree(port)).toBe(true)
  })

  it('does not mind that there is none', async () => {
    const result = await shoal(['down', '--name', 'ghost', '--json'])
    expect(result.code).toBe(0)
    expect(result.json()).toEqual({name: 'ghost', removed: false, stoppedNodes: []})
    expect(existsSync(state)).toBe(false)
  })

  it('ends nodes that are frozen', async () => {
    await up()
    const pids = processesWith(state)
    expect(pids).toHaveLength(2)
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    expect((await shoal(['down', '--json'])).json()).toMatchObject({removed: true, stoppedNodes: ['n1', 'n2']})
    expect(processesWith(state)).toEqual([])
  })

  it('needs neither state file nor folders', async () => {
    await up()
    writeFileSync(join(state, 'environments', 'default', 'environment.json'), 'garbage')
    expect((await up()).code).toBe(5)
    rmSync(state, {recursive: true})
    expect(processesWith(state)).toHaveLength(2)
    expect((await shoal(['down', '--json'])).json()).toMatchObject({removed: true, stoppedNodes: ['n1', 'n2']})
    expect(processesWith(state)).toEqual([])
  })

  it('refuses a name that none can have', async () => {
    expect((await shoal(['down', '--name', '../..'])).code).toBe(2)
  })
})
