/**
 * How much one task of an atomic migration takes at a time.
 *
 * A task costs the source a fork and its clients a pause of writes, so there should be few; but its slots arrive all at
 * once at its end, so nothing is to be seen before, and what is cancelled has to be copied again. A gigabyte per ten
 * seconds is what one link carries: a task of this size takes a few seconds.
 */
export const TASK_SLOTS_MAX = 1024
export const TASK_BYTES_MAX = 256 * 1024 * 1024

/**
 * Cuts a move into tasks. A slot that is too big for a task goes alone.
 *
 * @param slots - ascending
 * @param bytesOf - what a slot holds, roughly
 * @returns in order; every slot once
 */
export function splitIntoTasks(slots: readonly number[], bytesOf: (slot: number) => number): number[][] {
  const tasks: number[][] = []
  let task: number[] = []
  let bytes = 0
  for (const slot of slots) {
    const more = bytesOf(slot)
    if (task.length > 0 && (task.length >= TASK_SLOTS_MAX || bytes + more > TASK_BYTES_MAX)) {
      tasks.push(task)
      task = []
      bytes = 0
    }
    task.push(slot)
    bytes += more
  }
  if (task.length > 0) tasks.push(task)
  return tasks
}
