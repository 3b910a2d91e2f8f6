import {afterAll, afterEach, beforeAll, expect, it} from 'vitest'
import {describeWithPeers, type RealCluster, startRealCluster, waitForAgreement} from '../support/peers.js'
import {fillNode, keysIn, lostAt} from './reshard-load.js'
import {hasTmux, Terminal} from './wizard-terminal.js'

const REQUIRED = process.env['REQUIRE_PEERS'] === '1'

describeWithPeers('the wizard of reshard in a terminal', () => {
  const test = hasTmux() || REQUIRED ? it : it.skip
  let cluster: RealCluster
  let keys: string[]
  let terminal: Terminal | undefined

  beforeAll(async () => {
    cluster = await startRealCluster(3)
    // The last slots of the first primary, which are the ones an even choice takes.
    keys = keysIn({first: 4461, last: 5460}, 20_000, 'base')
    await fillNode(cluster.ports[0] as number, keys)
  })

  afterEach(() => terminal?.close())
  afterAll(() => cluster?.stop())

  test('asks for target, slots and sources, shows plan and cost, confirms, and shows progress', async () => {
    const [first, second, third] = cluster.ports
    terminal = new Terminal(['reshard', cluster.seed])
    const question = await terminal.see('Which primary gets the slots?')
    expect(question).toMatch(new RegExp(`127\\.0\\.0\\.1:${first} +[0-9a-f]{8} +5,461 slots +20,000 keys +[\\d.]+ MB`))
    terminal.press('Down', 'Down', 'Enter')

    await terminal.see('How many slots, or which')
    terminal.type('99999')
    terminal.press('Enter')
    await terminal.see('99999 slots asked for, but the sources own 10923')
    terminal.press('BSpace', 'BSpace', 'BSpace', 'BSpace', 'BSpace')
    terminal.type('nonsense')
    terminal.press('Enter')
    await terminal.see('not "nonsense"')
    for (let i = 0; i < 8; i++) terminal.press('BSpace')
    terminal.type('1000')
    terminal.press('Enter')

    await terminal.see('From which primaries?')
    terminal.press('Enter')
    await terminal.see('Select at least one.')
    terminal.press('Down', 'Space', 'Enter')

    const plan = await terminal.see('Move 1,000 slots?')
    expect(plan).toMatch(new RegExp(`127\\.0\\.0\\.1:${first} +127\\.0\\.0\\.1:${third} +1,000 +20,000 +4461-5460`))
    expect(plan).toMatch(/In all: 1,000 slots, 20,000 keys, about [\d.]+ MB, about/)
    expect(plan).not.toContain(`127.0.0.1:${second} `)
    terminal.type('y')
    terminal.press('Enter')

    await terminal.see(/keys\/s/)
    expect(await terminal.exitCode()).toBe(0)
    const end = terminal.screen()
    expect(end).toMatch(new RegExp(`127\\.0\\.0\\.1:${first} -> 127\\.0\\.0\\.1:${third}: 1000 slots, 20000 keys in`))
    expect(end).toContain('Moved 1,000 slots with 20,000 keys. All nodes agree.')
    await waitForAgreement(cluster.nodes, {ownerCount: 3})
    expect(await lostAt(third as number, keys)).toEqual([])
  })

  test('changes nothing when the answer is no', async () => {
    terminal = new Terminal(['reshard', cluster.seed, '--to', `127.0.0.1:${cluster.ports[1]}`, '--slots', '0-9'])
    await terminal.see('Move 10 slots?')
    terminal.press('Enter')
    expect(await terminal.exitCode()).toBe(3)
    expect(terminal.screen()).toContain('nothing was changed')
  })

  test('asks nothing more where no answer could help', async () => {
    terminal = new Terminal(['reshard', cluster.seed, '--to', `127.0.0.1:${cluster.ports[1]}`, '--from', 'nobody'])
    expect(await terminal.exitCode()).toBe(3)
    expect(terminal.screen()).toContain('"nobody" is neither a node id nor HOST:PORT')
  })

  test('ends with 130 on Ctrl-C at a question', async () => {
    terminal = new Terminal(['reshard', cluster.seed])
    await terminal.see('Which primary gets the slots?')
    terminal.press('C-c')
    expect(await terminal.exitCode()).toBe(130)
    expect(terminal.screen()).toContain('nothing was changed')
  })
})
