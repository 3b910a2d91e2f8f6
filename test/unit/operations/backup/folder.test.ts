import {existsSync, mkdirSync, readdirSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {BackupFolder} from '../../../../src/lib/operations/backup/folder.js'
import {temporaryFolder} from '../../../support/processes.js'

describe('BackupFolder', () => {
  it('takes away all folders it made, and none that was there', async () => {
    const root = temporaryFolder('backup')
    mkdirSync(join(root, 'there'))
    const deep = join(root, 'there', 'a', 'b')
    const folder = await BackupFolder.open(deep)
    expect(statSync(deep).mode & 0o777).toBe(0o700)
    await folder.write('file', Buffer.from('x'))
    await folder.discard()
    expect(readdirSync(root)).toEqual(['there'])
    expect(readdirSync(join(root, 'there'))).toEqual([])
  })

  it.runIf(existsSync('/proc/self'))('fails where no folder can be made', async () => {
    await expect(BackupFolder.open('/proc/none/folder')).rejects.toMatchObject({code: 'ENVIRONMENT_LACKS'})
  })

  it('refuses what is a file', async () => {
    const file = join(temporaryFolder('backup'), 'file')
    writeFileSync(file, '')
    await expect(BackupFolder.open(file)).rejects.toMatchObject({code: 'ENVIRONMENT_LACKS'})
    await expect(BackupFolder.open(join(file, 'x'))).rejects.toMatchObject({code: 'ENVIRONMENT_LACKS'})
  })
})
