import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {connectOptionsFrom, parseAddressMap} from '../../../src/lib/cli/connect-flags.js'
import {parseZones} from '../../../src/lib/cli/zones.js'
import {temporaryFolder} from '../../support/processes.js'

const BASE = {timeout: 5000}
const never = () => Promise.reject(new Error('asked'))

describe('connectOptionsFrom', () => {
  it('asks for nothing by default', async () => {
    expect(await connectOptionsFrom(BASE, {}, never)).toEqual({timeoutMs: 5000})
  })

  it('takes the password from the flag, the terminal, SHOAL_PASSWORD, REDISCLI_AUTH, in this order', async () => {
    const env = {SHOAL_PASSWORD: 'one', REDISCLI_AUTH: 'two'}
    const asked = () => Promise.resolve('typed')
    const passwordOf = async (flags: object, from: object = env) =>
      (await connectOptionsFrom({...BASE, ...flags}, {...from}, asked)).password
    expect(await passwordOf({password: 'flag'})).toBe('flag')
    expect(await passwordOf({askpass: true})).toBe('typed')
    expect(await passwordOf({})).toBe('one')
    expect(await passwordOf({}, {REDISCLI_AUTH: 'two'})).toBe('two')
    expect(await passwordOf({}, {SHOAL_PASSWORD: ''})).toBeUndefined()
    expect(await passwordOf({password: ''})).toBe('')
  })

  it('wants a password with a user', async () => {
    await expect(connectOptionsFrom({...BASE, user: 'ops'}, {}, never)).rejects.toMatchObject({code: 'BAD_FLAG'})
    const options = await connectOptionsFrom({...BASE, user: 'ops', password: 'p'}, {}, never)
    expect(options).toMatchObject({username: 'ops', password: 'p'})
  })

  it('reads certificates, which imply TLS', async () => {
    const file = join(temporaryFolder('tls'), 'ca.pem')
    writeFileSync(file, 'PEM')
    expect(await connectOptionsFrom({...BASE, cacert: file, sni: 'db'}, {}, never)).toMatchObject({
      tls: {ca: 'PEM', servername: 'db'},
    })
    expect((await connectOptionsFrom({...BASE, tls: true}, {}, never)).tls).toEqual({})
    expect((await connectOptionsFrom({...BASE, insecure: true}, {}, never)).tls).toEqual({insecure: true})
    await expect(connectOptionsFrom({...BASE, cacert: `${file}x`}, {}, never)).rejects.toMatchObject({
      code: 'BAD_FLAG',
      message: expect.stringMatching(/^--cacert .* cannot be read/),
    })
  })
})

describe('parseAddressMap', () => {
  it('maps hosts and addresses, IPv6 too', () => {
    const map = parseAddressMap(['10.0.0.5:6379=127.0.0.1:7001', '10.0.0.6=gateway', '[2001:db8::1]:6379=[::1]:7002'])
    expect([...map]).toEqual([
      ['10.0.0.5:6379', {host: '127.0.0.1', port: 7001}],
      ['10.0.0.6', 'gateway'],
      ['[2001:db8::1]:6379', {host: '::1', port: 7002}],
    ])
  })

  for (const pair of ['10.0.0.5', '=x', 'x=', 'a=b=c', '10.0.0.5=127.0.0.1:7001']) {
    it(`refuses ${pair}`, () => {
      expect(() => parseAddressMap([pair])).toThrow(/--address-map/)
    })
  }
})

describe('parseZones', () => {
  it('reads zones of hosts and of nodes', () => {
    expect([...parseZones(['10.0.0.1=a', '10.0.0.2:6379=b', '[::1]:7000=c'])]).toEqual([
      ['10.0.0.1', 'a'],
      ['10.0.0.2:6379', 'b'],
      ['[::1]:7000', 'c'],
    ])
  })

  for (const flag of ['a1', '=a', 'a1=']) {
    it(`refuses ${flag}`, () => {
      expect(() => parseZones([flag])).toThrow(/--zone/)
    })
  }
})
