import {describe, expect, it} from 'vitest'
import {peerHostOf, sourceHostOf} from '../../../../src/lib/engine/process/addresses.js'
import {parseServerVersion} from '../../../../src/lib/engine/process/program.js'
import {renderServerConf} from '../../../../src/lib/engine/process/server-conf.js'

const spec = {address: {host: '127.0.0.1', port: 17001}, busPort: 27001, cluster: true, environment: 'blue', name: 'n1'}
const newer = {hasPeerAddresses: true, path: '/bin/redis-server', version: '7.0.15'}
const older = {...newer, hasPeerAddresses: false, version: '6.2.14'}

describe('start configuration of a redis-server', () => {
  it('keeps the command line, and tells nobody of other addresses where there are none', () => {
    const text = renderServerConf(spec, '/s/n1', newer)
    expect(text).toContain('\nset-proc-title no\n')
    expect(text).toContain('\ncluster-port 27001\n')
    expect(text).not.toMatch(/announce|bind-source-addr|protected-mode/)
  })

  it('dials from one address, is known to its peers by another, and to clients by its own', () => {
    const lines = renderServerConf({...spec, peerHost: '127.66.105.2'}, '/s/n1', newer).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'bind 127.0.0.1',
        'bind-source-addr 127.66.105.1',
        'cluster-announce-ip 127.66.105.2',
        'cluster-announce-hostname 127.0.0.1',
        'cluster-preferred-endpoint-type hostname',
        'replica-announce-ip 127.66.105.2',
      ]),
    )
  })

  it('announces no cluster where there is none', () => {
    const text = renderServerConf({...spec, cluster: false, peerHost: '127.66.105.2'}, '/s/n1', newer)
    expect(text).toContain('\nreplica-announce-ip 127.66.105.2\n')
    expect(text).not.toContain('cluster-')
  })

  it('names no bus port to a server that does not know of it, and refuses another than its own choice', () => {
    expect(renderServerConf(spec, '/s/n1', older)).not.toContain('cluster-port')
    expect(() => renderServerConf({...spec, busPort: 20001}, '/s/n1', older)).toThrow('no bus port but port + 10000')
  })
})

describe('addresses of a node', () => {
  it('are its port, as two bytes', () => {
    expect([sourceHostOf(17001), peerHostOf(17001)]).toEqual(['127.66.105.1', '127.66.105.2'])
    expect(peerHostOf(55535)).toBe('127.216.239.2')
  })
})

describe('the version of a server', () => {
  it.each([
    ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d7c971a948f0', '7.0.15'],
    ['Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=0', '8.1.1'],
    ['Server v=7.2.5 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=0', '7.2.5'],
    ['postgres (PostgreSQL) 17.1', undefined],
    ['', undefined],
  ])('%s', (text, version) => {
    expect(parseServerVersion(text)).toBe(version)
  })
})
