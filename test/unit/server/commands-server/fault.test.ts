import {beforeEach, describe, expect, it} from 'vitest'
import type {Client} from '../../../../src/lib/server/client.js'
import type {FaultProbe, FaultProbeResult, NodeFaults} from '../../../../src/lib/server/faults/effects.js'
import {FaultTable} from '../../../../src/lib/server/faults/rules.js'
import {AdminHarness} from './harness.js'

/** What a shell does of it, without sockets. */
class RecordedFaults implements NodeFaults {
  readonly table = new FaultTable()
  probes: readonly FaultProbe[] = []
  withinMs = 0
  done: (results: readonly FaultProbeResult[]) => void = () => undefined

  rules() {
    return this.table.rulesAt(0)
  }

  replace(...given: Parameters<NodeFaults['replace']>) {
    return this.table.replace(...given)
  }

  probe(...[probes, withinMs, done]: Parameters<NodeFaults['probe']>) {
    Object.assign(this, {done, probes, withinMs})
  }
}

let node: AdminHarness
let client: Client
let faults: RecordedFaults

function harness(settings: string): AdminHarness {
  const made = new AdminHarness(settings)
  Object.assign(made.server.effects, {faults})
  return made
}

beforeEach(() => {
  faults = new RecordedFaults()
  node = harness('enable-fault-command yes\nmasterauth secret')
  client = node.connect()
})

const fault = (line: string) => node.call(client, `SHOAL.FAULT ${line}`)

describe('SHOAL.FAULT', () => {
  it('is unknown unless allowed, and then for local clients or all', () => {
    const closed = harness('')
    const unknown = closed.call(closed.connect(), 'NOSUCH')
    expect(closed.call(closed.connect(), 'SHOAL.FAULT')).toBe(String(unknown).replace('NOSUCH', 'SHOAL.FAULT'))
    expect(closed.call(closed.connect(), 'COMMAND INFO shoal.fault')).toEqual([null])
    const local = harness('enable-fault-command local')
    expect(local.call(local.connect(), 'SHOAL.FAULT LIST')).toEqual([])
    expect(local.call(local.connect('10.0.0.1'), 'SHOAL.FAULT LIST')).toMatch(/^-ERR SHOAL.FAULT command not allowed/)
    expect(node.call(node.connect('10.0.0.1'), 'SHOAL.FAULT LIST')).toEqual([])
  })

  it('cannot be allowed at run time', () => {
    expect(node.call(client, 'CONFIG GET enable-fault-command')).toEqual(['enable-fault-command', 'yes'])
    expect(node.call(client, 'CONFIG SET enable-fault-command local')).toMatch(/can't set immutable config/)
  })

  it('is a dangerous command of administrators, allowed with DEBUG', () => {
    const [info] = node.call(client, 'COMMAND INFO shoal.fault') as string[][]
    expect(info?.[6]).toEqual(['+@admin', '+@slow', '+@dangerous'])
    node.call(client, 'ACL SETUSER ann on nopass +@all -debug')
    expect(node.call(client, 'ACL DRYRUN ann shoal.fault list')).toMatch(/no permissions/)
    node.call(client, 'ACL SETUSER ann +shoal.fault')
    expect(node.call(client, 'ACL DRYRUN ann shoal.fault list')).toBe('+OK')
    // Other servers must be able to read the rules.
    expect(JSON.stringify(node.call(client, 'ACL LIST'))).not.toContain('shoal')
  })

  it('replaces the whole table, and lists it as it was given', () => {
    const rules = [
      '127.0.0.1 7001 17001 OUT DROP',
      '127.0.0.1 7001 17001 IN DELAY 100 20 UNTIL 1800000000000',
      'peer 7002 0 IN LOSS 0.25',
      'peer 7002 0 OUT RESET',
    ]
    expect(fault(`SET 4 ${rules.join(' ')}`)).toBe('+OK')
    expect(fault('LIST')).toEqual(rules.map((rule) => rule.split(' ')))
    expect(fault('set 1 ::1 1 2 out drop')).toBe('+OK')
    expect(fault('LIST')).toEqual([['::1', '1', '2', 'OUT', 'DROP']])
    expect(fault('CLEAR')).toBe('+OK')
    expect(fault('LIST')).toEqual([])
  })

  it('takes all of a table or nothing', () => {
    fault('SET 1 a 1 2 IN DROP')
    for (const wrong of [
      'SET',
      'SET 2 a 1 2 IN DROP',
      'SET 1 a 1 2 IN DROP b 1 2 IN DROP',
      'SET 1 a 1 2 UP DROP',
      'SET 1 a 1 2 IN CUT',
      'SET 1 a 1 2 IN DELAY 1',
      'SET 1 a 1 2 IN DELAY -1 0',
      'SET 1 a 1 2 IN LOSS 1.5',
      'SET 1 a 1 2 IN LOSS x',
      'SET 1 a x 2 IN DROP',
      'SET 1 a 1 2 IN DROP UNTIL',
      'SET -1',
      'NOSUCH',
      'LIST x',
      'CLEAR x',
    ]) {
      expect(fault(wrong), wrong).toMatch(/^-ERR /)
    }
    expect(fault('LIST')).toEqual([['a', '1', '2', 'IN', 'DROP']])
  })

  it('does not take what was wanted before', () => {
    expect(fault('SET 0 AT 2000')).toBe('+OK')
    expect(fault('SET 1 a 1 2 IN DROP AT 1999')).toBe('-ERR a later table of faults is in force')
    expect(fault('LIST')).toEqual([])
  })

  it('remembers marks', () => {
    expect(fault('MARKED a b')).toEqual([null, null])
    expect(fault('MARK a')).toBe(node.nowMs)
    expect(fault('MARKED a b')).toEqual([node.nowMs, null])
    for (let index = 0; index < 1024; index++) fault(`MARK t${index}`)
    expect(fault('MARKED a t0')).toEqual([null, node.nowMs])
  })

  it('probes peers with the credentials of replicas, and says what came of it', () => {
    expect(node.send(client, 'SHOAL.FAULT PROBE 250 127.0.0.1 7001 tok peer 7002 ken')).toBe('')
    expect(faults.withinMs).toBe(250)
    expect(faults.probes).toMatchObject([
      {peer: {host: '127.0.0.1', port: 7001}, replyCount: 2},
      {peer: {host: 'peer', port: 7002}, replyCount: 2},
    ])
    expect(faults.probes[0]?.payload).toBe(
      '*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*3\r\n$11\r\nSHOAL.FAULT\r\n$4\r\nMARK\r\n$3\r\ntok\r\n',
    )
    faults.done([
      {answer: ':20', answeredMs: 30, sentMs: 10},
      {answer: undefined, answeredMs: undefined, sentMs: undefined},
    ])
    const nils = '*3\r\n$-1\r\n$-1\r\n$-1\r\n'
    expect(client.reply.take()).toBe(`*2\r\n*3\r\n:10\r\n:20\r\n:30\r\n${nils}`)
  })

  it('explains itself', () => {
    const lines = fault('HELP') as string[]
    for (const word of ['CLEAR', 'LIST', 'MARK', 'MARKED', 'PROBE', 'SET']) {
      expect(lines.some((line) => line.startsWith(`+${word}`))).toBe(true)
    }
  })
})
