import {describe, expect, it} from 'vitest'
import {parsePromptOptions} from '../../../../src/lib/cli/prompt/options.js'
import {holdsSecret} from '../../../../src/lib/cli/prompt/secret-lines.js'
import {afterReply, promptText, reconnected, redirectionOf, type Talk} from '../../../../src/lib/cli/prompt/talk.js'
import {parseTyped} from '../../../../src/lib/cli/prompt/typed.js'
import {renderPush} from '../../../../src/lib/cli/render/reply.js'
import type {Reply} from '../../../../src/lib/protocol/resp/reply-parser.js'

const OK: Reply = {kind: 'status', text: 'OK'}
const NIL: Reply = {kind: 'nil', text: ''}
const REFUSED: Reply = {kind: 'error', text: 'ERR no'}
const START: Talk = {address: {host: '127.0.0.1', port: 17_001}, db: 0, isResp3: false}

/** The talk after commands, each answered. */
function talkAfter(...steps: [line: string, reply: Reply][]): Talk {
  return steps.reduce((talk, [line, reply]) => afterReply(talk, line.split(' '), reply), START)
}

describe('what is typed', () => {
  it.each([
    ['', {kind: 'nothing'}],
    ['set "a b" \'c\' \\x', {argv: ['set', 'a b', 'c', '\\x'], kind: 'command', times: 1}],
    ['echo "\\x00é"', {argv: ['echo', '\0\xc3\xa9'], kind: 'command', times: 1}],
    ['5 incr x', {argv: ['incr', 'x'], kind: 'command', times: 5}],
    ['5', {argv: ['5'], kind: 'command', times: 1}],
    ['0 incr x', {kind: 'invalid', text: 'Invalid repeat count: a command runs once or more.'}],
    ['get "a', {kind: 'invalid', text: 'Invalid argument(s)'}],
    ['EXIT', {kind: 'exit'}],
    ['quit', {kind: 'exit'}],
    ['clear', {kind: 'clear'}],
    ['help config set', {kind: 'help', topic: ['config', 'set']}],
  ])('%j', (line, typed) => {
    expect(parseTyped(line)).toEqual(typed)
  })

  it.each([
    ['auth secret', true],
    ['2 AUTH "user" secret', true],
    ['auth "never closed', true],
    ['"auth" secret', true],
    ['HELLO 3 AUTH default secret', true],
    ['hello 3', false],
    ['config set maxmemory 1mb requirepass secret', true],
    ['config set masterauth secret', true],
    ['config set tls-key-file-pass secret', true],
    ['config set maxmemory 1mb', false],
    ['config get requirepass', false],
    ['acl setuser alice >secret', true],
    ['acl list', false],
    ['migrate host 1 k 0 1 AUTH2 user secret', true],
    ['migrate host 1 k 0 1', false],
    ['set auth 1', false],
  ])('%j is kept from the history: %s', (line, isSecret) => {
    expect(holdsSecret(line)).toBe(isSecret)
  })

  it('begins with options of redis-cli', () => {
    expect(parsePromptOptions(['--raw', '-e', '-3', '-n', '2', 'set', '-1', 'é'])).toEqual({
      argv: ['set', '-1', '\xc3\xa9'],
      db: 2,
      failsOnError: true,
      isRaw: true,
      isResp3: true,
    })
    expect(() => parsePromptOptions(['--latency'])).toThrow('no option --latency')
    expect(() => parsePromptOptions(['-n', 'x'])).toThrow('-n x')
  })
})

describe('the prompt', () => {
  it.each<[string, Talk, string]>([
    ['at first', START, '127.0.0.1:17001> '],
    ['after SELECT', talkAfter(['select 1', OK]), '127.0.0.1:17001[1]> '],
    ['after a SELECT that was refused', talkAfter(['select 99', REFUSED]), '127.0.0.1:17001> '],
    ['in MULTI', talkAfter(['SELECT 2', OK], ['MULTI', OK]), '127.0.0.1:17001[2](TX)> '],
    [
      'after EXEC',
      talkAfter(['multi', OK], ['select 3', OK], ['exec', {items: [OK], kind: 'array'}]),
      '127.0.0.1:17001[3]> ',
    ],
    ['after an EXEC of nothing', talkAfter(['multi', OK], ['select 3', OK], ['exec', NIL]), '127.0.0.1:17001> '],
    ['after DISCARD', talkAfter(['multi', OK], ['select 3', OK], ['discard', OK]), '127.0.0.1:17001> '],
    ['after RESET', talkAfter(['select 3', OK], ['multi', OK], ['reset', OK]), '127.0.0.1:17001> '],
    ['after losing a transaction', reconnected(talkAfter(['multi', OK], ['select 3', OK])), '127.0.0.1:17001> '],
  ])('%s', (_, talk, text) => {
    expect(promptText(talk)).toBe(text)
  })

  it('knows of RESP3 what a new connection must be told', () => {
    expect(talkAfter(['hello 3', OK]).isResp3).toBe(true)
    expect(talkAfter(['hello 3', OK], ['hello', OK]).isResp3).toBe(true)
    expect(talkAfter(['hello 3', OK], ['hello 2', OK]).isResp3).toBe(false)
    expect(talkAfter(['hello 3', REFUSED]).isResp3).toBe(false)
  })
})

describe('redirects', () => {
  it.each<[string, object | undefined]>([
    ['MOVED 866 127.0.0.1:7001', {address: {host: '127.0.0.1', port: 7001}, isAsk: false, slot: 866}],
    ['ASK 866 ::1:7001', {address: {host: '::1', port: 7001}, isAsk: true, slot: 866}],
    ['MOVED 866 :7001', {address: {host: '127.0.0.1', port: 7001}, isAsk: false, slot: 866}],
    ['MOVED nowhere', undefined],
    ['ERR MOVED 866 127.0.0.1:7001', undefined],
  ])('%j', (text, redirection) => {
    expect(redirectionOf({kind: 'error', text}, START.address)).toEqual(redirection)
  })
})

describe('messages that come by themselves', () => {
  const bulk = (text: string): Reply => ({kind: 'bulk', text})

  it('say which keys were changed', () => {
    const keys: Reply = {items: [bulk('a'), bulk('b c')], kind: 'array'}
    expect(renderPush({items: [bulk('invalidate'), keys], kind: 'push'})).toBe('-> invalidate: "a", "b c"')
    expect(renderPush({items: [bulk('invalidate'), NIL], kind: 'push'})).toBe('-> invalidate: (all keys)')
    expect(renderPush({items: [bulk('message'), bulk('x')], kind: 'push'})).toBe('1) "message"\n2) "x"')
  })
})
