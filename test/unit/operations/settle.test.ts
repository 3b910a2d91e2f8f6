import {describe, expect, it} from 'vitest'
import {judgeAgreement, judgeReady, requireSettled, settle} from '../../../src/lib/operations/settle.js'
import {buildView, change, SIX} from '../model/build-view.js'

describe('settle', () => {
  it('looks until nothing is wrong', async () => {
    let looks = 0
    const result = await settle(
      async () => ++looks,
      (count) => (count < 3 ? [`only ${count}`] : []),
      {timeoutMs: 5000},
    )
    expect(result).toEqual({state: 3, problems: []})
  })

  it('looks at least once, and says what was still wrong', async () => {
    expect(
      await settle(
        async () => 'state',
        () => ['wrong'],
        {timeoutMs: 1},
      ),
    ).toEqual({
      state: 'state',
      problems: ['wrong'],
    })
  })

  it('stops at once on abort', async () => {
    const abort = new AbortController()
    const work = settle(
      async () => abort.abort(),
      () => ['wrong'],
      {timeoutMs: 60_000, signal: abort.signal},
    )
    await expect(work).rejects.toMatchObject({code: 'INTERRUPTED'})
  })

  it('does not wait for a look that hangs', async () => {
    const abort = new AbortController()
    const work = settle(
      () => new Promise<never>(() => undefined),
      () => [],
      {timeoutMs: 60_000, signal: abort.signal},
    )
    abort.abort()
    await expect(work).rejects.toMatchObject({code: 'INTERRUPTED'})
  })

  it('can be required to succeed', async () => {
    const work = requireSettled(
      'agreement',
      async () => 1,
      () => ['a differs'],
      {timeoutMs: 1},
    )
    await expect(work).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: 'agreement did not happen within 1 ms: a differs',
      details: {problems: ['a differs']},
    })
  })
})

describe('judges', () => {
  it('name who disagrees about which slots', () => {
    expect(judgeAgreement(buildView(SIX))).toEqual([])
    expect(judgeAgreement(buildView(SIX, {c: {a: {slots: '0-5459'}}}))).toEqual([
      '10.0.0.3:7002 (cccccccc) disagrees with the owners about slots 5460',
    ])
  })

  it('want every node to report ok', () => {
    expect(judgeReady(buildView(SIX))).toEqual([])
    expect(judgeReady(buildView(change(SIX, {b: {state: 'fail'}})))).toEqual([
      '10.0.0.2:7001 (bbbbbbbb) reports the cluster as down',
    ])
  })
})
