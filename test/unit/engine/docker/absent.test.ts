import {chmodSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {DockerCli} from '../../../../src/lib/engine/docker/docker-cli.js'
import {DockerEngine} from '../../../../src/lib/engine/docker/docker-engine.js'
import {temporaryFolder} from '../../../support/processes.js'

const QUICK_MS = 5000

/** An engine whose docker program is this shell script. */
function engineWith(script: string): DockerEngine {
  const file = join(temporaryFolder('docker-cli'), 'docker-stand-in')
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return new DockerEngine({cli: new DockerCli({DOCKER_CLI: file}), folder: '/nowhere'})
}

describe('where there is no Docker', () => {
  it.each([
    [
      'no program',
      new DockerEngine({cli: new DockerCli({DOCKER_CLI: 'no-such-docker'}), folder: '/x'}),
      /no no-such-docker on PATH/,
    ],
    [
      'no socket',
      new DockerEngine({cli: new DockerCli({DOCKER_HOST: 'unix:///no/such.sock'}), folder: '/x'}),
      /no Docker daemon|no docker on PATH/,
    ],
    [
      'no daemon',
      engineWith('echo "Cannot connect to the Docker daemon at unix:///x." >&2; exit 1'),
      /no Docker daemon: Cannot connect/,
    ],
    [
      'no permission',
      engineWith('echo "permission denied while trying to connect to the Docker daemon" >&2; exit 1'),
      /may not use/,
    ],
  ])('nothing is there, said quickly, and the probe says why: %s', async (_, engine, reason) => {
    const started = performance.now()
    expect(await engine.list()).toEqual([])
    expect(await engine.has('blue')).toBe(false)
    await engine.discard('blue')
    expect(performance.now() - started).toBeLessThan(QUICK_MS)
    const wanted = {available: false, reason: expect.stringMatching(reason), remedy: expect.any(String)}
    expect(await engine.probe()).toEqual(wanted)
  })

  it('a daemon that is slow, or refuses, is no daemon that is missing', async () => {
    const refusing = engineWith(
      'case "$1" in version) echo 1 ;; *) echo "Error response from daemon: out of order" >&2; exit 1 ;; esac',
    )
    await expect(refusing.list()).rejects.toMatchObject({
      code: 'ENVIRONMENT_LACKS',
      message: expect.stringContaining('out of order'),
    })
    await expect(refusing.has('blue')).rejects.toMatchObject({code: 'ENVIRONMENT_LACKS'})
  })
})
