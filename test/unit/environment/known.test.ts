import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {beforeAll, describe, expect, it} from 'vitest'
import {withEnvironment} from '../../../src/lib/cli/connect-flags.js'
import {type KnownEnvironment, knownEnvironment} from '../../../src/lib/environment/known.js'
import {planEnvironment} from '../../../src/lib/environment/spec.js'
import {EnvironmentStore} from '../../../src/lib/environment/store.js'
import {temporaryFolder} from '../../support/processes.js'

let state: string

beforeAll(async () => {
  state = temporaryFolder('known')
  const store = new EnvironmentStore(state)
  const blue = planEnvironment({basePort: 18_001, name: 'blue', password: 'secret', primaries: 1, replicas: 1})
  const red = planEnvironment({basePort: 19_001, name: 'red', primaries: 1, replicas: 0})
  const peerHosts = {n1: '172.30.0.2', n2: '172.30.0.3'}
  await store.write({faults: [], formed: true, peerHosts, spec: blue, version: 2})
  await store.write({faults: [], formed: true, peerHosts: {}, spec: red, version: 2})
  mkdirSync(join(state, 'environments', 'broken'))
  writeFileSync(join(state, 'environments', 'broken', 'environment.json'), '{"spec": ')
  writeFileSync(join(state, 'environments', 'blue.lock'), '')
})

describe('what is known of a seed', () => {
  it.each(['127.0.0.1:18002', 'localhost:18001', '[::1]:18001', '172.30.0.3:18002'])('is found by %s', (seed) => {
    expect(knownEnvironment([seed], state)).toEqual({
      addressMap: new Map([
        ['172.30.0.2:18001', {host: '127.0.0.1', port: 18_001}],
        ['172.30.0.3:18002', {host: '127.0.0.1', port: 18_002}],
      ]),
      name: 'blue',
      password: 'secret',
    })
  })

  it('is nothing for nodes of nobody, of another port or host, and without a state folder', () => {
    for (const seed of ['127.0.0.1:18003', '172.30.0.3:18001', '10.0.0.1:18001', '/tmp/socket', 'what?'])
      expect(knownEnvironment([seed], state)).toBeUndefined()
    expect(knownEnvironment(['127.0.0.1:18001'], join(state, 'nowhere'))).toBeUndefined()
  })

  it('is no password where there is none', () => {
    expect(knownEnvironment(['x:1', '127.0.0.1:19001'], state)).toEqual({addressMap: new Map(), name: 'red'})
  })

  it('gives way to what the operator says', () => {
    const known = knownEnvironment(['127.0.0.1:18001'], state) as KnownEnvironment
    const own = withEnvironment(
      {addressMap: new Map([['172.30.0.2:18001', 'x']]), password: 'mine', timeoutMs: 1},
      known,
    )
    expect(own).toMatchObject({password: 'mine', timeoutMs: 1})
    expect(own.addressMap?.get('172.30.0.2:18001')).toBe('x')
    expect(own.addressMap?.get('172.30.0.3:18002')).toEqual({host: '127.0.0.1', port: 18_002})
    expect(withEnvironment({timeoutMs: 1}, known)).toMatchObject({password: 'secret'})
    expect(withEnvironment({timeoutMs: 1, username: 'u'}, known)).not.toHaveProperty('password')
  })
})
