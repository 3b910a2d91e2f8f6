import {beforeAll, it} from 'vitest'
import {describeWithDocker} from '../support/docker.js'
import {killPartitions, killUpAndDown, runSideBySide, runTwice} from '../support/environment/races.js'
import {tellStory} from '../support/environment/story.js'
import type {EngineWorld} from '../support/environment/world.js'
import {docker, redisImage} from './support.js'

/** By hand: `RACE_SEED=7 RACE_SEEDS=20`. */
const FIRST = Number(process.env['RACE_SEED'] ?? 1)
const seeds = Array.from({length: Number(process.env['RACE_SEEDS'] ?? 1)}, (_, index) => FIRST + index)
const DURATIONS = {downMs: 3000, partitionMs: 2000, upMs: 6000}

describeWithDocker('environments in Docker, from outside', () => {
  let world: EngineWorld

  beforeAll(async () => {
    const leftovers = async () => [
      ...docker('ps', '--all', '--format', '{{.Names}}'),
      ...docker('network', 'ls', '--format', '{{.Name}}'),
      ...docker('volume', 'ls', '--format', '{{.Name}}'),
    ]
    world = {engine: 'docker', leftovers, upArgs: ['--image', await redisImage()]}
  })

  it("tell a developer's story: nothing is lost that the majority acknowledged, and nothing left", () =>
    tellStory(world))

  it.each(seeds)('make good what is left of an up and a down that were killed (seed %d)', (seed) =>
    killUpAndDown(world, seed, DURATIONS),
  )

  it.each(seeds)('heal what is left of faults whose command was killed (seed %d)', (seed) =>
    killPartitions(world, seed, DURATIONS),
  )

  it('do the same twice at the same time', () => runTwice(world))

  it('leave other environments alone', () => runSideBySide(world))
})
