import {afterEach, beforeEach, expect, it} from 'vitest'
import {administration, killed, quickStart} from '../support/crdb/stories.js'
import {CrdbWorld} from '../support/crdb/world.js'
import {describeWithDocker} from '../support/docker.js'
import {remains} from './support.js'

describeWithDocker('active-active databases in Docker', () => {
  let world: CrdbWorld

  beforeEach(() => {
    world = new CrdbWorld(['--engine', 'docker'])
  })

  afterEach(async () => {
    await world.down()
    expect(remains('default')).toEqual([])
  })

  it('are made, split and healed as the quick start says', () => quickStart(world))
  it('are changed, grow, shrink, and go', () => administration(world))
  it('outlive the death of the command', () => killed(world))
})
