import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {withAuthorities} from '../../../src/lib/cli/authorities.js'
import {temporaryFolder} from '../../support/processes.js'

const OPTIONS = {timeoutMs: 5000}
const certificate = (name: string) => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----`

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder('authorities')
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

describe('withAuthorities', () => {
  it('changes nothing without a folder', async () => {
    expect(await withAuthorities(OPTIONS, undefined)).toBe(OPTIONS)
  })

  it('adds each certificate of the folder once, and nothing else that lies there', async () => {
    const folder = folderWith({
      'a.pem': `comment\n${certificate('A')}\n${certificate('B')}\n`,
      'key.pem': '-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n',
    })
    symlinkSync(join(folder, 'a.pem'), join(folder, '9d66eef0.0'))
    mkdirSync(join(folder, 'nested'))
    const {tls} = await withAuthorities({...OPTIONS, tls: {ca: 'FIRST', servername: 'db'}}, folder)
    expect(tls).toEqual({ca: `FIRST\n${certificate('A')}\n${certificate('B')}`, servername: 'db'})
    expect((await withAuthorities(OPTIONS, folder)).tls?.ca).toBe(`${certificate('A')}\n${certificate('B')}`)
  })

  it('refuses a folder without certificates, and none at all', async () => {
    const refused = (message: RegExp) =>
      expect.objectContaining({code: 'BAD_FLAG', message: expect.stringMatching(message)})
    await expect(withAuthorities(OPTIONS, folderWith({x: 'y'}))).rejects.toEqual(refused(/holds no certificate/))
    await expect(withAuthorities(OPTIONS, join(folderWith({}), 'z'))).rejects.toEqual(refused(/cannot be read: ENOENT/))
  })
})
