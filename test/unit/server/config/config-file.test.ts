import {chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {pathInDir, readConfigFile, readConfiguration, replaceFile} from '../../../../src/lib/node/config-file.js'
import {parseServerArguments} from '../../../../src/lib/server/config/syntax.js'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-config-'))
})
afterEach(() => rmSync(folder, {force: true, recursive: true}))

const put = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text, 'latin1')
  return path
}

describe('readConfiguration', () => {
  it('reads the file, standard input and arguments in this order', () => {
    const file = put('a.conf', `dir ${folder}\nport 1\ntimeout 1\nhz 11`)
    const config = readConfiguration(parseServerArguments([file, '-', '--hz', '33']), 'timeout 2\nhz 22')
    expect(config.fileName).toBe(file)
    expect([config.values.port, config.values.timeout, config.values.hz]).toEqual([1, 2, 33])
  })

  it('takes standard input when it is asked for last or first', () => {
    const file = put('a.conf', `dir ${folder}\ntimeout 1`)
    expect(readConfiguration(parseServerArguments([file, '-']), 'timeout 2').values.timeout).toBe(2)
  })

  it('names the line of the text it stands in', () => {
    const file = put('a.conf', 'timeout 1')
    expect(() => readConfiguration(parseServerArguments(['-']), 'maxmemory x')).toThrow('at line 1\n')
    expect(() => readConfiguration(parseServerArguments([file, '-']), 'maxmemory x')).toThrow('at line 2\n')
    expect(() => readConfiguration(parseServerArguments([file, '--maxmemory', 'x']))).toThrow('at line 2\n')
  })

  it('follows includes with wildcards, in order, and makes dir absolute', () => {
    mkdirSync(join(folder, 'conf.d'))
    put('conf.d/20.conf', 'timeout 20')
    put('conf.d/10.conf', 'timeout 10\nhz 50')
    put('conf.d/30.txt', 'timeout 30')
    const file = put('a.conf', `include ${folder}/conf.d/*.conf\ninclude ${folder}/none*.conf\ndir ${folder}/conf.d/..`)
    const config = readConfiguration(parseServerArguments([file]))
    expect([config.values.timeout, config.values.hz, config.values.dir]).toEqual([20, 50, folder])
    expect(pathInDir(config, 'nodes.conf')).toBe(join(folder, 'nodes.conf'))
  })

  it('takes names of folders and files as UTF-8, quoted or not, from files and arguments', () => {
    const path = join(folder, 'stä te ☃')
    mkdirSync(join(path, 'süb'), {recursive: true})
    const bytes = (text: string) => Buffer.from(text).toString('latin1')
    writeFileSync(join(path, 'ö.conf'), 'timeout 10')
    const escaped = [...Buffer.from(path)].map((byte) => `\\x${byte.toString(16)}`).join('')
    const quoted = put('a.conf', `dir "${escaped}"\ninclude "${escaped}/ö.conf"`.replace('ö', bytes('ö')))
    for (const given of [[quoted], ['--dir', path]]) {
      const config = readConfiguration(parseServerArguments(given))
      expect(config.values.dir).toBe(bytes(path))
      expect(pathInDir(config, bytes('ä.rdb'))).toBe(join(path, 'ä.rdb'))
      config.set([['dir', bytes('süb')]], true)
      expect(pathInDir(config, 'dump.rdb')).toBe(join(path, 'süb', 'dump.rdb'))
    }
    expect(readConfiguration(parseServerArguments([quoted])).values.timeout).toBe(10)
  })

  it('lets CONFIG SET dir move to a folder that exists, and nowhere else', () => {
    mkdirSync(join(folder, 'sub'))
    const config = readConfiguration(parseServerArguments(['--dir', folder]))
    config.set([['dir', 'sub']], true)
    expect(config.values.dir).toBe(join(folder, 'sub'))
    expect(() => config.set([['dir', 'none']], true)).toThrow(
      "CONFIG SET failed (possibly related to argument 'dir') - No such file or directory",
    )
    expect(config.values.dir).toBe(join(folder, 'sub'))
  })

  it('names a file or folder it cannot use', () => {
    const missing = join(folder, 'missing.conf')
    expect(() => readConfiguration(parseServerArguments([missing]))).toThrow(
      `Fatal error, can't open config file '${missing}': No such file or directory`,
    )
    const file = put('a.conf', `include ${missing}`)
    expect(() => readConfiguration(parseServerArguments([file]))).toThrow(`can't open config file '${missing}'`)
    expect(() => readConfiguration(parseServerArguments(['--dir', join(folder, 'none')]))).toThrow(
      'No such file or directory',
    )
    expect(() => readConfiguration(parseServerArguments(['--dir', file]))).toThrow('Not a directory')
  })
})

describe('replaceFile', () => {
  it('keeps the mode of a file that hides a password, and every byte', () => {
    const path = put('a.conf', 'old')
    chmodSync(path, 0o600)
    replaceFile(path, 'new \xff\x00')
    expect(readFileSync(path)).toEqual(Buffer.from('new \xff\x00', 'latin1'))
    expect(readConfigFile(path)).toBe('new \xff\x00')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['a.conf'])
  })

  it('leaves nothing behind and the old file alone if it fails', () => {
    const path = join(folder, 'sub')
    mkdirSync(path)
    expect(() => replaceFile(path, 'text')).toThrow('Is a directory')
    expect(() => replaceFile(join(folder, 'none', 'a.conf'), 'text')).toThrow('No such file or directory')
    expect(readdirSync(folder)).toEqual(['sub'])
    expect(readConfigFile(join(folder, 'gone.conf'))).toBe('')
  })
})
