import {describe, expect, it} from 'vitest'
import {nameOfPlace, parseCredentials, parseInstance} from '../../../../src/lib/plan/crdb/instance-list.js'

describe('--instance', () => {
  it('names a region and how to log in there', () => {
    expect(parseInstance('fqdn=cluster1.local,username=r@r.com,password=test')).toEqual({
      ignored: [],
      login: {password: 'test', username: 'r@r.com'},
      place: {kind: 'region', region: 'cluster1.local'},
    })
  })

  it('or a cluster that runs', () => {
    const {login, place} = parseInstance('endpoint=10.0.0.1:7000,password=secret')
    expect([nameOfPlace(place), login]).toEqual(['10.0.0.1:7000', {password: 'secret'}])
  })

  it('takes spaces, dashes in keys, commas and equals signs in values', () => {
    const {login} = parseInstance('fqdn=a, username=u , password=a,b,=c,d')
    expect(login).toEqual({password: 'a,b,=c,d', username: 'u'})
    const pem = '-----BEGIN CERTIFICATE-----\nabc=\n-----END CERTIFICATE-----'
    const {login: certificate} = parseInstance(`fqdn=a,client-cert=${pem},client_key=k,trusted_ca=c`)
    expect(certificate).toEqual({clientCert: pem, clientKey: 'k', trustedCa: 'c'})
  })

  it('says what it has no use for', () => {
    expect(parseInstance('fqdn=a,url=https://a:9443,replication_endpoint=a:1').ignored).toEqual([
      'url',
      'replication_endpoint',
    ])
  })

  it('takes a password or a certificate, in the words of crdb-cli', () => {
    for (const both of ['username=u,password=p,client_cert=c,client_key=k', 'password=p,trusted_ca=c']) {
      expect(() => parseInstance(`fqdn=a,${both}`)).toThrow(
        /^Use either username\/password or client_cert\/client_key\/trusted_ca, not both$/,
      )
    }
  })

  it.each([
    ['', 'is not KEY=VALUE'],
    ['cluster1.local', 'is not KEY=VALUE'],
    ['username=u,password=p', 'says neither fqdn nor endpoint'],
    ['fqdn=a,endpoint=b:1', 'says both fqdn and endpoint'],
    ['fqnd=a', 'has the key fqnd; did you mean fqdn?'],
    ['fqdn=a,user=u', 'has the key user; did you mean username?'],
    ['fqdn=a,fqdn=b', 'has fqdn twice'],
    ['fqdn=', 'has no value for fqdn'],
    ['fqdn=a,username=u', 'has a username and no password'],
    ['fqdn=a,client_cert=c', 'needs both client_cert and client_key'],
    ['endpoint=nowhere', 'is not an address'],
  ])('refuses %j: %s', (text, message) => {
    expect(() => parseInstance(text)).toThrow(message)
  })

  it('never shows a password', () => {
    expect(() => parseInstance('fqdn=a,password=hush,usrname=u')).toThrow(/^(?!.*hush)/)
  })
})

describe('--credentials', () => {
  it('are of an instance', () => {
    expect(parseCredentials('id=2,username=r@r.com,password=test')).toEqual([
      2,
      {password: 'test', username: 'r@r.com'},
    ])
    expect(() => parseCredentials('username=a,password=b')).toThrow('id=N')
    expect(() => parseCredentials('id=2,username=a')).toThrow('no password')
  })
})
