import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {administration, killed, quickStart} from '../../support/crdb/stories.js'
import {CrdbWorld} from '../../support/crdb/world.js'

describe('active-active databases in embedded regions', () => {
  let world: CrdbWorld

  beforeEach(() => {
    world = new CrdbWorld()
  })

  afterEach(async () => {
    await world.down()
    expect(world.remains()).toEqual([])
  })

  it('are made, split and healed as the quick start says', () => quickStart(world))
  it('are changed, grow, shrink, and go', () => administration(world))
  it('outlive the death of the command', () => killed(world))
})
