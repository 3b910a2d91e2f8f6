import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {NodesConfFile, NodesConfLockedError} from '../../../src/lib/node/nodes-conf-file.js'
import {spawnTracked, waitFor} from '../../support/processes.js'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-nodes-conf-'))
  path = join(folder, 'nodes.conf')
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

const never = (error: unknown) => {
  throw error
}

describe('nodes.conf on disk (wire.md 1.14)', () => {
  it('is undefined for a fresh node, and the text afterwards', () => {
    const file = new NodesConfFile(path)
    expect(file.text).toBeUndefined()
    file.saveNow('one\n')
    expect(readFileSync(path, 'latin1')).toBe('one\n')
    file.close()
    const again = new NodesConfFile(path)
    expect(again.text).toBe('one\n')
    again.close()
  })

  it('leaves nothing but itself behind', async () => {
    const file = new NodesConfFile(path)
    file.saveNow('one\n')
    file.saveSoon(() => 'two\n', never)
    await waitFor(() => readFileSync(path, 'latin1') === 'two\n', {what: 'the save'})
    file.close()
    expect(readdirSync(folder)).toEqual(['nodes.conf'])
  })

  it('joins saves of one turn, and writes what holds then', async () => {
    const file = new NodesConfFile(path)
    let renders = 0
    let text = ''
    for (let turn = 0; turn < 100; turn++) {
      text = `${turn}\n`
      file.saveSoon(() => {
        renders++
        return text
      }, never)
    }
    await waitFor(() => existsSync(path) && readFileSync(path, 'latin1') === '99\n', {what: 'the save'})
    expect(renders).toBe(1)
    file.close()
  })

  it('a durable save is not undone by an older one under way', async () => {
    const file = new NodesConfFile(path)
    for (let turn = 0; turn < 50; turn++) {
      file.saveSoon(() => 'old\n', never)
      // Meet the asynchronous save at different stages.
      for (let wait = 0; wait < turn % 7; wait++) await new Promise((resolve) => setImmediate(resolve))
      file.saveNow(`new ${turn}\n`)
      expect(readFileSync(path, 'latin1')).toBe(`new ${turn}\n`)
      for (let wait = 0; wait < 5; wait++) await new Promise((resolve) => setImmediate(resolve))
      expect(readFileSync(path, 'latin1')).toBe(`new ${turn}\n`)
    }
    file.close()
  })

  it('says when a save is durable, also one that a later save took along', async () => {
    const file = new NodesConfFile(path)
    const seen: string[] = []
    const look = () => seen.push(readFileSync(path, 'latin1'))
    file.saveSoon(() => 'one\n', never, look)
    file.saveSoon(() => 'two\n', never, look)
    await waitFor(() => seen.length === 2, {what: 'both'})
    file.saveSoon(() => 'three\n', never, look)
    file.saveNow('four\n')
    expect(seen).toEqual(['two\n', 'two\n', 'four\n'])
    file.close()
  })

  it('writes what is pending when it closes', () => {
    const file = new NodesConfFile(path)
    file.saveSoon(() => 'last\n', never)
    file.close()
    expect(readFileSync(path, 'latin1')).toBe('last\n')
  })

  it('reports a failed save and keeps the old file', async () => {
    const file = new NodesConfFile(path)
    file.saveNow('one\n')
    // A folder in the place of the temporary file: nothing can be written there.
    const {mkdirSync} = await import('node:fs')
    mkdirSync(`${path}.tmp-${process.pid}`)
    mkdirSync(`${path}.tmp-${process.pid}-soon`)
    expect(() => file.saveNow('two\n')).toThrow(/EISDIR/)
    const error = await new Promise<unknown>((resolve) => file.saveSoon(() => 'two\n', resolve))
    expect(String(error)).toMatch(/EISDIR/)
    expect(readFileSync(path, 'latin1')).toBe('one\n')
    file.close()
  })
})

describe('the lock', () => {
  it('keeps a second user out until the first lets go', () => {
    const first = new NodesConfFile(path)
    expect(() => new NodesConfFile(path)).toThrow(NodesConfLockedError)
    first.close()
    new NodesConfFile(path).close()
  })

  it('of a process that is gone is taken over, also one killed', async () => {
    const script = `
      import {NodesConfFile} from ${JSON.stringify(new URL('../../../src/lib/node/nodes-conf-file.ts', import.meta.url).href)}
      new NodesConfFile(${JSON.stringify(path)}).saveNow('of the killed one\\n')
      setInterval(() => undefined, 1000)`
    const child = spawnTracked(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    await waitFor(() => existsSync(path), {what: 'the other process', deadlineMs: 20_000})
    expect(() => new NodesConfFile(path)).toThrow(new RegExp(`process ${child.pid} `))
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
    const file = new NodesConfFile(path)
    expect(file.text).toBe('of the killed one\n')
    file.close()
  })

  it.each([
    ['garbage', '{"pid":'],
    ['nothing', ''],
    ['a process id that belongs to somebody else by now', JSON.stringify({pid: process.pid, started: '1'})],
    ['a process id that is free', JSON.stringify({pid: 4_194_303, started: '1'})],
  ])('with %s in it is stale', (_name, text) => {
    writeFileSync(`${path}.lock`, text)
    new NodesConfFile(path).close()
    expect(readdirSync(folder)).toEqual([])
  })
})
