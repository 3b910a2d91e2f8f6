import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {AheadCopies} from '../../../src/lib/node/nodes-conf-ahead.js'
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
    await file.close()
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
    await file.close()
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
    await file.close()
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
    await file.close()
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
    await file.close()
  })
})

describe('what is written ahead of a save', () => {
  const conf = (current: number, vote: number, slots = '') =>
    `${'a'.repeat(40)} :7000@17000 myself,master - 0 0 1 connected${slots}\nvars currentEpoch ${current} lastVoteEpoch ${vote}\n`

  /** The contents of both places. */
  type Places = readonly [string, string]
  const nameOf = (index: number) => `${path}.ahead-${index}`
  const placesNow = (): string[] =>
    [0, 1].map((index) => (existsSync(nameOf(index)) ? readFileSync(nameOf(index), 'latin1') : ''))

  /** The text that a start finds after the death of a process that left these. */
  function found(saved: string | undefined, places: readonly string[]): string | undefined {
    rmSync(path, {force: true})
    if (saved !== undefined) writeFileSync(path, saved)
    for (const [index, copy] of places.entries()) writeFileSync(nameOf(index), copy)
    const file = new NodesConfFile(path)
    file.close()
    return file.text
  }

  /** What `writeAhead` of these leaves, one after the other, without closing. */
  function left(saved: string | undefined, ...texts: readonly string[]): Places {
    if (saved !== undefined) writeFileSync(path, saved)
    const file = new NodesConfFile(path)
    for (const text of texts) file.writeAhead(text, true)
    const places = placesNow()
    file.saveNow('x')
    file.close()
    rmSync(path)
    return places as unknown as Places
  }

  it('outlives the process, is durable after the next start, and gone then', () => {
    expect(found(conf(1, 0), left(conf(1, 0), conf(1, 0, ' 5')))).toBe(conf(1, 0, ' 5'))
    expect(readFileSync(path, 'latin1')).toBe(conf(1, 0, ' 5'))
    expect(readdirSync(folder)).toEqual(['nodes.conf'])
  })

  it('is taken by a node that never saved', () => {
    expect(found(undefined, left(undefined, conf(0, 0)))).toBe(conf(0, 0))
  })

  it.each([
    ['cut off', (text: string) => text.slice(0, -3)],
    ['without its beginning', (text: string) => text.slice(5)],
    ['with a hole', (text: string) => `${text.slice(0, 200)}${'\0'.repeat(10)}${text.slice(210)}`],
    ['half of an older one', (text: string) => `${text.slice(0, 170)}${conf(1, 0, ' 7').slice(-30)}`],
    ['empty', () => ''],
  ])('is ignored %s', (_name, damage) => {
    const places = left(conf(1, 0), conf(1, 0, ' 5'))
    expect(found(conf(1, 0), places)).toBe(conf(1, 0, ' 5'))
    expect(found(conf(1, 0), places.map(damage))).toBe(conf(1, 0))
  })

  it('of several the last counts; torn, the one before it', () => {
    const places = left(conf(1, 0), conf(2, 0), conf(3, 3), conf(4, 3))
    expect(found(conf(1, 0), places)).toBe(conf(4, 3))
    const torn = places.map((text) => (text.includes('currentEpoch 4') ? text.slice(0, -5) : text))
    expect(torn).not.toEqual(places)
    expect(found(conf(1, 0), torn)).toBe(conf(3, 3))
  })

  it('never takes back what was saved later, even if the disk brings it back', () => {
    expect(found(conf(5, 5), left(conf(5, 4), conf(5, 4, ' 5')))).toBe(conf(5, 5))
    expect(found(conf(5, 4, ' 6'), left(conf(5, 4), conf(5, 4, ' 5')))).toBe(conf(5, 4, ' 6'))
  })

  const foundBy = (saved: string) => new AheadCopies(path).newest(saved)

  it('goes with the save that holds it, not with one begun before', async () => {
    const file = new NodesConfFile(path)
    let saves = 0
    const save = (text: string) =>
      file.saveSoon(
        () => text,
        never,
        () => saves++,
      )
    save(conf(1, 0))
    // The first save has taken its text by the second turn of the loop.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    file.writeAhead(conf(1, 0, ' 5'))
    save(conf(1, 0, ' 5'))
    await waitFor(() => saves === 1 || saves === 2, {everyMs: 0, what: 'the first save'})
    if (saves === 1) expect(foundBy(conf(1, 0))).toBe(conf(1, 0, ' 5'))
    await waitFor(() => saves === 2, {what: 'the second save'})
    expect(foundBy(conf(1, 0, ' 5'))).toBe(undefined)
    await file.close()
    expect(readdirSync(folder)).toEqual(['nodes.conf'])
  })
})

describe('the lock', () => {
  it('keeps a second user out until the first lets go', () => {
    const first = new NodesConfFile(path)
    expect(() => new NodesConfFile(path)).toThrow(NodesConfLockedError)
    first.close()
    new NodesConfFile(path).close()
  })

  it('keeps a second user out until a save under way has ended, which leaves nothing behind', async () => {
    // The save is met at different stages, up to its end.
    for (let turns = 0, wasOver = false; !wasOver; turns++) {
      let hasEnded = false
      const first = new NodesConfFile(path)
      first.saveSoon(
        () => 'soon\n',
        never,
        () => {
          hasEnded = true
        },
      )
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
      wasOver = hasEnded
      const closing = first.close()
      if (!wasOver) expect(() => new NodesConfFile(path)).toThrow(NodesConfLockedError)
      await closing
      new NodesConfFile(path).close()
      expect(readdirSync(folder)).toEqual(['nodes.conf'])
    }
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
    await file.close()
  })

  it.runIf(existsSync('/proc/self/stat'))('of a process that ended but was not reaped is taken over', async () => {
    // `sleep` never asks for the exit code of the child that it was handed.
    const parent = spawnTracked('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    parent.stdout?.on('data', (chunk) => {
      output += chunk
    })
    await waitFor(() => output.includes('\n'), {what: 'the process id'})
    const pid = Number(output)
    await waitFor(() => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')), {what: 'the end of the process'})
    writeFileSync(`${path}.lock`, JSON.stringify({pid, started: ''}))
    new NodesConfFile(path).close()
    parent.kill('SIGKILL')
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
