import {execFileSync} from 'node:child_process'
import {mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {renderContainerConf} from '../../../../src/lib/engine/docker/container-conf.js'
import {whole} from '../../../../src/lib/engine/docker/image/contents.js'
import {parseLdd} from '../../../../src/lib/engine/docker/image/elf.js'
import {writeTar} from '../../../../src/lib/engine/docker/tar.js'
import {temporaryFolder} from '../../../support/processes.js'

describe('what goes into an image', () => {
  it('is an archive that tar unpacks', () => {
    const folder = temporaryFolder('tar')
    const long = `/usr/${'a-long-name/'.repeat(9)}file`
    const entries = whole([
      {content: Buffer.from('x'.repeat(1025)), mode: 0o755, path: '/bin/program'},
      {content: Buffer.alloc(512, 7), mode: 0o600, path: long},
      {content: Buffer.alloc(0), mode: 0o644, path: '/empty'},
      {link: 'program', mode: 0o777, path: '/bin/other'},
    ])
    const file = join(folder, 'image.tar')
    writeFileSync(file, Buffer.concat([...writeTar(entries)]))
    mkdirSync(join(folder, 'out'))
    execFileSync('tar', ['-xf', file, '-C', join(folder, 'out')])
    const at = (path: string) => join(folder, 'out', path)
    expect(readFileSync(at('bin/program'), 'utf8')).toBe('x'.repeat(1025))
    expect(statSync(at('bin/program')).mode & 0o777).toBe(0o755)
    expect(readFileSync(at(long))).toEqual(Buffer.alloc(512, 7))
    expect(statSync(at(long)).mode & 0o777).toBe(0o600)
    expect(statSync(at('empty')).size).toBe(0)
    expect(readlinkSync(at('bin/other'))).toBe('program')
    expect(statSync(at('tmp')).mode & 0o1777).toBe(0o1777)
    expect(() => [...writeTar([{content: Buffer.alloc(0), mode: 0o644, path: `/${'y'.repeat(101)}`}])]).toThrow(
      RangeError,
    )
  })

  it('has folders before what is in them, and each path once', () => {
    const paths = whole([{content: Buffer.alloc(0), mode: 0o644, path: '/a/b/c'}]).map(({path}) => path)
    expect(new Set(paths).size).toBe(paths.length)
    expect(paths.indexOf('/a')).toBeLessThan(paths.indexOf('/a/b'))
    expect(paths.indexOf('/a/b')).toBeLessThan(paths.indexOf('/a/b/c'))
  })

  it('are the libraries that ldd lists, and the loader', () => {
    const text = [
      '\tlinux-vdso.so.1 (0x00007ffd)',
      '\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f01)',
      '\tlibpresent.so => /opt/x y/lib.so (0x00007f02)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f03)',
    ].join('\n')
    expect(parseLdd(text)).toEqual(['/lib/x86_64-linux-gnu/libm.so.6', '/lib64/ld-linux-x86-64.so.2'])
    expect(parseLdd('\tstatically linked\n')).toEqual([])
  })
})

describe('the configuration of a node in a container', () => {
  const spec = {
    address: {host: '127.0.0.1', port: 17001},
    busPort: 27001,
    cluster: true,
    environment: 'blue',
    name: 'n1',
    password: 'two words',
    peerHost: '10.213.0.2',
  }

  it('tells peers where it is, and clients where this machine reaches it', () => {
    const lines = renderContainerConf(spec, true).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'port 17001',
        'cluster-port 27001',
        'cluster-announce-ip 10.213.0.2',
        'cluster-announce-hostname 127.0.0.1',
        'cluster-preferred-endpoint-type hostname',
        'bind-source-addr 10.213.0.2',
        'requirepass "two words"',
        'masterauth "two words"',
      ]),
    )
  })

  it('has no directive that a server before 7.0 does not know', () => {
    expect(renderContainerConf(spec, false)).not.toMatch(/cluster-port|hostname|bind-source-addr/)
  })

  it('of a replica without cluster names its primary', () => {
    const text = renderContainerConf({...spec, cluster: false, primary: {host: '10.213.0.3', port: 17002}}, true)
    expect(text).toContain('\nreplicaof 10.213.0.3 17002\n')
    expect(text).toContain('\nreplica-announce-ip 10.213.0.2\n')
    expect(text).not.toContain('cluster')
  })
})
