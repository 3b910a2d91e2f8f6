import {describe, expect, it} from 'vitest'
import {AdminHarness} from './harness.js'

describe('CONFIG', () => {
  it('answers a map, changes settings and tells the shell which', () => {
    const node = new AdminHarness()
    const client = node.connect()
    expect(node.call(client, 'CONFIG SET timeout 5 slave-priority 7')).toBe('+OK')
    expect(node.call(client, 'CONFIG GET timeout replica-priority')).toEqual(['timeout', '5', 'replica-priority', '7'])
    expect(node.asked).toEqual(['config timeout,replica-priority'])
    expect(node.call(client, 'CONFIG SET timeout 5')).toBe('+OK')
    expect(node.asked).toHaveLength(1)
  })

  it('refuses an odd number of words, protected settings and a rewrite without a file', () => {
    const node = new AdminHarness()
    const client = node.connect()
    expect(node.call(client, 'CONFIG SET timeout 5 hz')).toBe("-ERR wrong number of arguments for 'config|set' command")
    expect(node.call(client, 'CONFIG SET dir /tmp')).toContain("can't set protected config")
    expect(node.call(client, 'CONFIG REWRITE')).toBe('-ERR The server is running without a config file')
  })

  it('allows protected settings to local clients alone, if so configured', () => {
    const node = new AdminHarness('enable-protected-configs local')
    expect(node.call(node.connect(), 'CONFIG SET dbfilename a.rdb')).toBe('+OK')
    expect(node.call(node.connect('10.0.0.1'), 'CONFIG SET dbfilename b.rdb')).toContain("can't set protected config")
  })

  it('rewrites the file it was started with', () => {
    const node = new AdminHarness('timeout 5')
    node.server.config.fileName = '/etc/node.conf'
    node.file = '# mine\ntimeout 5\n'
    const client = node.connect()
    node.call(client, 'CONFIG SET timeout 6')
    expect(node.call(client, 'CONFIG REWRITE')).toBe('+OK')
    expect(node.file).toBe('# mine\ntimeout 6\n')
  })

  it('starts counters anew', () => {
    const node = new AdminHarness()
    const client = node.connect()
    node.call(client, 'GET a')
    node.call(client, 'NOSUCH')
    expect(node.call(client, 'CONFIG RESETSTAT')).toBe('+OK')
    const text = String(node.call(client, 'INFO stats commandstats errorstats'))
    expect(text).toContain('keyspace_misses:0\r\n')
    expect(text).not.toContain('cmdstat_get')
    expect(text).not.toContain('errorstat_')
  })
})
