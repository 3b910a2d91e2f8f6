import {afterEach, describe, expect, it} from 'vitest'
import {claimPorts} from '../support/ports.js'
import {hasTmux, Terminal} from './wizard-terminal.js'

const REQUIRED = process.env['REQUIRE_PEERS'] === '1'

describe('a mistyped command in a terminal', () => {
  const test = hasTmux() || REQUIRED ? it : it.skip
  let terminal: Terminal | undefined

  afterEach(() => terminal?.close())

  const QUESTION = '"psx" is not a shoal command. Did you mean ps?'

  test('asks whether the nearest one was meant, and runs it with all its words', async () => {
    const seed = `127.0.0.1:${await claimPorts()}`
    terminal = new Terminal(['chekc', seed])
    await terminal.see('Did you mean check?')
    terminal.type('y')
    terminal.press('Enter')
    expect(await terminal.exitCode()).toBe(7)
    expect(terminal.screen()).toContain(`${seed} refuses connections`)
  })

  test('changes nothing and exits 2 on no, which Enter alone means', async () => {
    terminal = new Terminal(['psx'])
    await terminal.see(QUESTION)
    terminal.press('Enter')
    expect(await terminal.exitCode()).toBe(2)
    expect(terminal.screen()).toContain('Try: shoal ps --help')
  })

  test('exits 130 on Ctrl-C', async () => {
    terminal = new Terminal(['psx'])
    await terminal.see(QUESTION)
    terminal.press('C-c')
    expect(await terminal.exitCode()).toBe(130)
  })

  test('asks nothing under --json', async () => {
    terminal = new Terminal(['psx', '--json'])
    expect(await terminal.exitCode()).toBe(2)
    expect(terminal.screen()).toContain('"didYouMean": [')
  })
})
