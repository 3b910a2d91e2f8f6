import {describe, expect, it} from 'vitest'
import {seededRng} from '../../../../src/lib/kernel/rng.js'
import {
  filesToLoad,
  firstManifest,
  manifestName,
  manifestOfSingleFile,
  orphansAmong,
  temporaryManifestName,
  withBase,
  withIncremental,
  withoutHistory,
} from '../../../../src/lib/protocol/aof/files.js'
import {AofManifestError, parseManifest, renderManifest} from '../../../../src/lib/protocol/aof/manifest.js'

const NAME = 'appendonly.aof'

describe('parseManifest', () => {
  it('reads all three kinds of files, and passes over the rest', () => {
    const text = [
      '# a comment',
      'file a.2.base.rdb seq 2 type b',
      '  FILE old.1.incr.aof  seq 1 Type history since yesterday\t',
      'seq 3 type incremental file "a name\\x20with\\"quotes"',
      'file b seq 5x type i\r',
      '',
    ].join('\n')
    expect(parseManifest(text)).toEqual({
      base: {name: 'a.2.base.rdb', sequence: 2},
      history: [{name: 'old.1.incr.aof', sequence: 1}],
      incremental: [
        {name: 'a name with"quotes', sequence: 3},
        {name: 'b', sequence: 5},
      ],
    })
  })

  it('takes a manifest of nothing but comments', () => {
    expect(filesToLoad(parseManifest('# nothing'))).toEqual([])
  })

  it.each<[string, string, string, number | undefined]>([
    ['', 'Found an empty AOF manifest', undefined as never, undefined],
    ['file a seq 1 type b\n\n', 'Invalid AOF manifest file format', '', 2],
    ['file a seq 0 type b\n', 'Invalid AOF manifest file format', 'file a seq 0 type b', 1],
    ['file "" seq 1 type b\n', 'Invalid AOF manifest file format', 'file "" seq 1 type b', 1],
    ['# c\nfile ../a seq 1 type b\n', "File can't be a path, just a filename", 'file ../a seq 1 type b', 2],
    ['file a seq 1 type i\nfile b seq 1 type i\n', 'Found a non-monotonic sequence number', 'file b seq 1 type i', 2],
    ['file a seq 1 type b\nfile a seq 1 type b\n', 'Found duplicate base file information', 'file a seq 1 type b', 2],
    ['file a seq 1 type x\n', 'Unknown AOF file type', 'file a seq 1 type x', 1],
    ['file a seq 1 type b', 'The AOF manifest file contains too long line', undefined as never, undefined],
    [`${'x'.repeat(1024)}\n`, 'The AOF manifest file contains too long line', undefined as never, undefined],
    ['file a seq 99999999999999999999 type b\n', 'Invalid AOF manifest file format', undefined as never, 1],
  ])('refuses %j', (text, message, line, number) => {
    try {
      parseManifest(text)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(AofManifestError)
      const {at, message: said} = error as AofManifestError
      expect(said).toBe(message)
      expect(at?.line).toBe(number)
      if (line !== undefined) expect(at?.text).toBe(line)
    }
  })

  it('undoes renderManifest, whatever the name', () => {
    for (const name of [NAME, 'with blanks', 'quote"s', "apo'strophe", '\\', '\n', 'ü', '\xff#', '.hidden']) {
      const base = {name: name === '\\' ? 'b' : `${name}.3.base.aof`, sequence: 3}
      const manifest = {base, history: [{name: 'h', sequence: 9}], incremental: [{name: 'i', sequence: 4}]}
      const text = renderManifest(manifest)
      expect(text.split('\n')).toHaveLength(4)
      expect(parseManifest(text)).toEqual(manifest)
    }
  })

  it('gives a manifest or AofManifestError for any text', () => {
    const rng = seededRng(5)
    const valid = 'file a.2.base.rdb seq 2 type b\nfile "b c" seq 1 type h\nfile d seq 7 type i\n'
    for (let i = 0; i < 5000; i++) {
      const at = rng.below(valid.length)
      const text = valid.slice(0, at) + String.fromCharCode(rng.below(256)) + valid.slice(at + rng.below(3))
      try {
        const manifest = parseManifest(text)
        expect(parseManifest(renderManifest(manifest))).toEqual(manifest)
      } catch (error) {
        expect(error).toBeInstanceOf(AofManifestError)
      }
    }
  })
})

describe('the files of an append only file', () => {
  const namesOf = (manifest: ReturnType<typeof firstManifest>) => filesToLoad(manifest).map(({name}) => name)

  it('start with one of each kind', () => {
    expect(renderManifest(firstManifest(NAME, 'rdb'))).toBe(
      `file ${NAME}.1.base.rdb seq 1 type b\nfile ${NAME}.1.incr.aof seq 1 type i\n`,
    )
    expect(manifestName(NAME)).toBe('appendonly.aof.manifest')
    expect(temporaryManifestName(NAME)).toBe('temp-appendonly.aof.manifest')
  })

  it('take the file of an older version as it is', () => {
    expect(namesOf(withIncremental(manifestOfSingleFile(NAME), NAME))).toEqual([NAME, `${NAME}.1.incr.aof`])
  })

  it('change names with a rewrite, which may fail before it succeeds', () => {
    const first = firstManifest(NAME, 'rdb')
    const failed = withIncremental(first, NAME)
    const started = withIncremental(failed, NAME)
    expect(namesOf(started)).toEqual(
      ['1.base.rdb', '1.incr.aof', '2.incr.aof', '3.incr.aof'].map((one) => `${NAME}.${one}`),
    )
    const done = withBase(started, NAME, 'aof', 1)
    expect(namesOf(done)).toEqual([`${NAME}.2.base.aof`, `${NAME}.3.incr.aof`])
    expect(done.history.map(({name}) => name)).toEqual([
      `${NAME}.1.base.rdb`,
      `${NAME}.1.incr.aof`,
      `${NAME}.2.incr.aof`,
    ])
    const next = withBase(withIncremental(done, NAME), NAME, 'rdb', 1)
    expect(next.history.map(({sequence}) => sequence)).toEqual([1, 1, 2, 2, 3])
    expect(withoutHistory(done)).toEqual({...done, history: []})
    expect(started.history).toEqual([])
  })

  it('keep no incremental file while nothing is appended', () => {
    expect(namesOf(withBase(firstManifest(NAME, 'rdb'), NAME, 'rdb', 0))).toEqual([`${NAME}.2.base.rdb`])
  })

  it('are orphans if the manifest does not name them', () => {
    const manifest = withBase(withIncremental(firstManifest(NAME, 'rdb'), NAME), NAME, 'rdb', 1)
    const known = [manifest.base!, ...manifest.history, ...manifest.incremental].map(({name}) => name)
    const orphans = [
      `${NAME}.3.incr.aof`,
      `${NAME}.3.base.rdb`,
      `temp-${NAME}.manifest`,
      `temp-${NAME}.4.incr.aof`,
      'temp-rewriteaof-bg-123.aof',
      'temp-rewriteaof-123.aof',
    ]
    const others = [
      NAME,
      `${NAME}.manifest`,
      `${NAME}.3.incr.aof.bak`,
      'appendonly2.aof.3.incr.aof',
      'dump.rdb',
      'temp-1.rdb',
    ]
    expect(known).toHaveLength(4)
    expect(orphansAmong([...known, ...orphans, ...others], manifest, NAME)).toEqual(orphans)
  })
})
