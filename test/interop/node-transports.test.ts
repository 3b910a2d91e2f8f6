import {execFile} from 'node:child_process'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type StartedNode, startNode} from '../../src/embedded.js'
import {type Certificate, makeCertificate} from '../support/certificate.js'
import {describeWithPeers, peerProgram} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {temporaryFolder} from '../support/processes.js'

const run = promisify(execFile)
const made = makeCertificate(['DNS:localhost', 'IP:127.0.0.1'])

const describeWithBoth = made ? describeWithPeers : describe.skip

describeWithBoth('redis-cli and redis-benchmark reach the node', () => {
  const {certFile, keyFile} = made as Certificate
  const unixsocket = join(temporaryFolder('transports'), 'node.sock')
  const tls = ['--tls', '--cacert', certFile, '--cert', certFile, '--key', keyFile]
  let node: StartedNode
  let tlsPort: string
  beforeAll(async () => {
    tlsPort = String(await claimPorts())
    const files = {'tls-ca-cert-file': certFile, 'tls-cert-file': certFile, 'tls-key-file': keyFile}
    node = await startNode({settings: {...files, 'tls-port': tlsPort, unixsocket}})
  })
  afterAll(() => node?.stop())

  async function cli(...args: string[]): Promise<string> {
    return (await run(peerProgram('redis-cli'), args)).stdout.trim()
  }

  it('by TLS with a certificate, as another user, and in bulk', async () => {
    expect(
      await cli('-p', tlsPort, ...tls, 'ACL', 'SETUSER', 'bob', 'on', '>pw', '+acl|whoami', '+set', '~key:*'),
    ).toBe('OK')
    const asBob = ['-p', tlsPort, ...tls, '--user', 'bob', '--pass', 'pw', '--no-auth-warning']
    expect(await cli(...asBob, 'ACL', 'WHOAMI')).toBe('bob')
    expect(await cli(...asBob, 'GET', 'key:1')).toContain(
      "NOPERM this user has no permissions to run the 'get' command",
    )
    const load = ['-t', 'set', '-n', '3000', '-c', '10', '-P', '16', '-d', '2000', '-q']
    await run(peerProgram('redis-benchmark'), ['-p', tlsPort, ...tls, '--user', 'bob', '-a', 'pw', ...load])
    expect(await cli('-p', tlsPort, ...tls, 'STRLEN', 'key:__rand_int__')).toBe('2000')
  })

  it('by the Unix socket', async () => {
    expect(await cli('-s', unixsocket, 'ECHO', 'hello')).toBe('hello')
    expect(await cli('-s', unixsocket, 'CLIENT', 'INFO')).toMatch(/ addr=\/.*node\.sock:0 .* flags=U /)
  })
})
