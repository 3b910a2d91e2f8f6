import {defaultStateFolder} from '../../environment/state-folder.js'
import {hasEnded, readTasks, tasksFolder} from '../../operations/crdb/task-file.js'
import {summariseTask, type TaskSummary} from '../../operations/crdb/task-list.js'

/**
 * Brings changes of active-active databases to an end whose process was killed: each is undone or finished.
 *
 * @param id - of one of them; all without
 * @returns those that were, and the one that was named if it had ended before; none if it names no such task
 */
export async function resumeTasks(
  env: Readonly<Record<string, string | undefined>>,
  id: string | undefined,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<TaskSummary[]> {
  const folder = tasksFolder(defaultStateFolder(env))
  const isMeant = (task: string) => id === undefined || task === id
  const before = (await readTasks(folder)).filter(({header}) => isMeant(header.id))
  if (before.every(hasEnded)) return id === undefined ? [] : before.map(summariseTask)
  // With what it takes to reach nodes: most runs have nothing to do here.
  const [{crdbParts}, {recoverTasks}, {crdbWork}] = await Promise.all([
    import('./parts.js'),
    import('../../operations/crdb/task-run.js'),
    import('../../operations/crdb/work.js'),
  ])
  const events = {guid: () => undefined, progress: onProgress, status: () => undefined}
  const ids = await recoverTasks(crdbParts(env), crdbWork, signal, events)
  return (await readTasks(folder)).filter(({header}) => ids.includes(header.id) || header.id === id).map(summariseTask)
}
