import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {runShoal} from '../support/cli.js'
import {claimPorts} from '../support/ports.js'
import {isAlive, processesWith, temporaryFolder, waitFor} from '../support/processes.js'

interface PsDocument {
  readonly environments: readonly {
    readonly name: string
    readonly state: string
    readonly nodes: readonly {readonly name: string; readonly pid?: number; readonly state: string}[]
  }[]
}

let state: string
let basePort: number

const shoal = (args: readonly string[]) => runShoal(args, {env: {SHOAL_STATE_DIR: state}})

beforeEach(async () => {
  state = join(temporaryFolder('ps'), 'state')
  basePort = await claimPorts(3)
})

afterEach(async () => {
  for (const pid of processesWith(state)) process.kill(pid, 'SIGKILL')
  await waitFor(() => processesWith(state).length === 0, {what: 'end of all nodes'})
})

describe('shoal ps', () => {
  it('says that there is nothing, and how to change that', async () => {
    expect(await shoal(['ps'])).toMatchObject({code: 0, stdout: 'No environments. Start one with: shoal up\n'})
    expect((await shoal(['ps', '--json'])).json()).toEqual({environments: []})
    expect(existsSync(state)).toBe(false)
  })

  it('shows each node as it is: running, frozen, killed', async () => {
    await shoal(['up', '--replicas', '0', '--base-port', String(basePort)])
    const running = (await shoal(['ps', '--json'])).json<PsDocument>()
    expect(running).toMatchObject({environments: [{name: 'default', state: 'ok'}]})
    const [first, second, third] = running.environments[0]?.nodes ?? []
    expect(first).toMatchObject({
      address: {host: '127.0.0.1', port: basePort},
      name: 'n1',
      role: 'primary',
      slots: [{first: 0, last: 5460}],
      state: 'running',
    })
    process.kill(second?.pid ?? 0, 'SIGSTOP')
    process.kill(third?.pid ?? 0, 'SIGKILL')
    await waitFor(() => !isAlive(third?.pid ?? 0), {what: 'end of n3'})
    const after = await shoal(['ps'])
    expect(after.code).toBe(0)
    expect(after.stdout).toMatch(/default: degraded/)
    expect(after.stdout).toMatch(/n1 .* running /)
    expect(after.stdout).toMatch(/n2 .* paused /)
    expect(after.stdout).toMatch(/n3 .* stopped /)
  })

  it('shows who follows whom, and a replica whose primary is gone', async () => {
    await shoal(['up', '--primaries', '1', '--base-port', String(basePort)])
    const [primary, replica] = (await shoal(['ps', '--json'])).json<PsDocument>().environments[0]?.nodes ?? []
    expect(replica).toMatchObject({lagBytes: 0, link: 'up', replicaOf: 'n1', role: 'replica', state: 'running'})
    process.kill(primary?.pid ?? 0, 'SIGKILL')
    await waitFor(() => !isAlive(primary?.pid ?? 0), {what: 'end of n1'})
    const after = (await shoal(['ps', '--json'])).json<PsDocument>().environments[0]
    expect(after).toMatchObject({nodes: [{state: 'stopped'}, {link: 'down', replicaOf: 'n1'}], state: 'degraded'})
    expect(after?.nodes[1]).not.toHaveProperty('lagBytes')
  })

  it('shows one environment if asked for one', async () => {
    const alone = ['up', '--primaries', '1', '--replicas', '0']
    await shoal([...alone, '--name', 'a', '--base-port', String(basePort)])
    await shoal([...alone, '--name', 'b', '--base-port', String(basePort + 1)])
    const names = async (args: readonly string[]) =>
      (await shoal(['ps', '--json', ...args])).json<PsDocument>().environments.map(({name}) => name)
    expect(await names([])).toEqual(['a', 'b'])
    expect(await names(['--name', 'b'])).toEqual(['b'])
    expect(await names(['--name', 'c'])).toEqual([])
  })
})
