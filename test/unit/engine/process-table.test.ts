import {describe, expect, it} from 'vitest'
import {
  findProcess,
  isDead,
  listProcesses,
  parseCommandLine,
  parsePsLine,
  parseStat,
} from '../../../src/lib/engine/process-table.js'

describe('process table', () => {
  it('reads the fields of /proc/PID/stat behind a name with blanks and brackets', () => {
    const stat = '4711 (a) R (b) S 1 4711 4711 0 -1 4194304 1 0 0 0 5 6 0 0 20 0 11 0 987654 1000 200\n'
    expect(parseStat(stat)).toEqual({parentPid: 1, startTicks: 987654, state: 'S', threads: 11})
    expect(parseStat('')).toBeUndefined()
  })

  it.each([
    ['S', 11, false],
    ['Z', 1, true],
    ['Z', 7, false],
    ['X', 1, true],
  ])('state %s with %i threads: dead is %s', (state, threads, dead) => {
    expect(isDead({parentPid: 1, startTicks: 1, state, threads})).toBe(dead)
  })

  it('joins the arguments of /proc/PID/cmdline', () => {
    expect(parseCommandLine('node\0/a b/server.js\0--x\0')).toBe('node /a b/server.js --x')
    expect(parseCommandLine('')).toBe('')
  })

  it.each([
    ['05:07', 307_000],
    ['02:05:07', 7_507_000],
    ['3-02:05:07', 266_707_000],
  ])('reads a line of ps with the elapsed time %s', (elapsed, uptimeMs) => {
    const line = `  815     1 Ss    20480 ${elapsed} Fri Nov  7 09:05:01 2025 /usr/bin/node /x/bin/server.js /s/node.conf`
    expect(parsePsLine(line)).toEqual({
      commandLine: '/usr/bin/node /x/bin/server.js /s/node.conf',
      memoryBytes: 20480 * 1024,
      parentPid: 1,
      paused: false,
      pid: 815,
      startToken: 'Fri Nov 7 09:05:01 2025',
      uptimeMs,
    })
  })

  it.each([
    ['a zombie', '  815     1 Z  0 05:07 Fri Nov  7 09:05:01 2025 (node)'],
    ['a title', '  PID PPID STAT RSS ELAPSED STARTED COMMAND'],
    ['nothing', ''],
  ])('reads no process from %s', (_what, line) => {
    expect(parsePsLine(line)).toBeUndefined()
  })

  it('finds this very process with ps too, with the same facts', async () => {
    const listed = (await listProcesses(() => true, 'darwin')).find(({pid}) => pid === process.pid)
    const found = await findProcess(process.pid)
    expect(listed?.commandLine.split(' ')[0]).toBe(found?.commandLine.split(' ')[0])
    expect(Math.abs((listed?.uptimeMs ?? 0) - (found?.uptimeMs ?? 0))).toBeLessThan(3000)
    expect(listed?.memoryBytes).toBeGreaterThan(1 << 20)
    expect(await listProcesses(() => false, 'darwin')).toEqual([])
  })

  it('finds this very process, by pid and in the list, as one and the same', async () => {
    const found = await findProcess(process.pid)
    expect(found).toMatchObject({pid: process.pid})
    expect(found?.memoryBytes).toBeGreaterThan(1 << 20)
    expect(Math.abs((found?.uptimeMs ?? 0) - process.uptime() * 1000)).toBeLessThan(1500)
    const listed = (await listProcesses(() => true)).find(({pid}) => pid === process.pid)
    expect(listed?.startToken).toBe(found?.startToken)
    expect(await findProcess(process.pid, () => false)).toBeUndefined()
  })
})
