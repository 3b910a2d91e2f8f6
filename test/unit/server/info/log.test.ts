import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {logLine, NodeLog} from '../../../../src/lib/node/log.js'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-log-'))
})
afterEach(() => rmSync(folder, {force: true, recursive: true}))

describe('the log', () => {
  const at = new Date(2026, 10, 5, 9, 8, 7, 6)

  it('has the form of redis-server, one line per entry whatever a client sends', () => {
    expect(logLine(4711, 'M', at, 'notice', 'Ready')).toBe('4711:M 05 Nov 2026 09:08:07.006 * Ready\n')
    expect(logLine(1, 'S', at, 'warning', 'a\r\nb')).toBe('1:S 05 Nov 2026 09:08:07.006 # a b\n')
    expect(logLine(1, 'M', at, 'debug', 'x'.repeat(5000)).length).toBeLessThan(1100)
  })

  it('leaves out what is below its level, and follows a changed level', () => {
    const file = join(folder, 'node.log')
    const log = new NodeLog({file, level: 'notice', now: () => at, pid: 1})
    log.write('verbose', 'quiet')
    log.write('notice', 'loud')
    log.level = 'debug'
    log.write('debug', 'now too')
    const text = readFileSync(file, 'utf8')
    expect(text.split('\n').map((line) => line.slice(31))).toEqual(['loud', 'now too', ''])
  })

  it('tells at start that its file cannot be written, and never fails later', () => {
    const log = new NodeLog({file: join(folder, 'none', 'node.log'), level: 'notice', pid: 1})
    expect(() => log.check()).toThrow('ENOENT')
    log.write('warning', 'lost')
  })
})
