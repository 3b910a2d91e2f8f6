import {mkdirSync, readdirSync} from 'node:fs'
import {expect, it} from 'vitest'
import {withEnvironmentLock} from '../../../src/lib/environment/lock.js'
import {EnvironmentStore} from '../../../src/lib/environment/store.js'
import {temporaryFolder} from '../../support/processes.js'

it('leaves nothing of a command that was killed while it broke the lock of another', async () => {
  const store = new EnvironmentStore(temporaryFolder('lock'))
  await store.makeFolder()
  mkdirSync(`${store.lockPath('blue')}.break`)
  const seen = await withEnvironmentLock(store, 'blue', new AbortController().signal, async () =>
    readdirSync(store.folder),
  )
  expect(seen).toContain('blue.lock')
  expect(() => readdirSync(store.folder)).toThrow('ENOENT')
})
