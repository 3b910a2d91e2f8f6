import {deleteDatabase, flushDatabase, updateDatabase} from './change.js'
import {createDatabase, RECORDED, TOLD, undoCreate} from './create.js'
import {addInstance, purgeInstance, removeInstance, undoAdd} from './members.js'
import type {TaskRequest} from './requests.js'
import type {TaskOutcome, TaskRun, TaskWork} from './task-run.js'

/** What each operation does, and how one is brought to an end whose process was killed. */
export const crdbWork: TaskWork = {
  carryOut,

  async recover(run, request, reached) {
    switch (request.operation) {
      case 'create_crdb':
        if (reached(RECORDED, 'after')) return 'finished'
        await undoCreate(run.parts, request)
        return 'undone'
      case 'add_instance':
        if (reached(RECORDED, 'after')) return 'finished'
        await undoAdd(run, request, reached(TOLD, 'before'))
        return 'undone'
      case 'flush_crdb':
        // Again it would remove what was written since.
        return 'partial'
      case 'update_crdb':
      case 'delete_crdb':
      case 'remove_instance':
      case 'purge_instance':
        // Each of their steps can be repeated.
        await carryOut(run, request)
        return 'finished'
    }
  },
}

function carryOut(run: TaskRun, request: TaskRequest): Promise<TaskOutcome> {
  switch (request.operation) {
    case 'create_crdb':
      return createDatabase(run, request)
    case 'update_crdb':
      return updateDatabase(run, request)
    case 'flush_crdb':
      return flushDatabase(run, request)
    case 'delete_crdb':
      return deleteDatabase(run, request)
    case 'add_instance':
      return addInstance(run, request)
    case 'remove_instance':
      return removeInstance(run, request)
    case 'purge_instance':
      return purgeInstance(run, request)
  }
}
