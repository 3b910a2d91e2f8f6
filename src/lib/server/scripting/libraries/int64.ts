const TWO_63 = 2 ** 63

/** A double as C casts it to a signed 64-bit integer; what it cannot hold is the smallest. */
export function toInt64(value: number): bigint {
  const whole = Math.trunc(value)
  return whole >= -TWO_63 && whole < TWO_63 ? BigInt(whole) : -(2n ** 63n)
}

/** Bytes of a double or a float. */
export function floatBytes(value: number, width: 4 | 8, isLittle: boolean): string {
  const view = new DataView(new ArrayBuffer(8))
  if (width === 4) view.setFloat32(0, value, isLittle)
  else view.setFloat64(0, value, isLittle)
  // 0/0 is a NaN with its sign set where Redis runs; ours has lost its own.
  if (Number.isNaN(value)) view.setUint8(isLittle ? width - 1 : 0, 0xff)
  let text = ''
  for (let i = 0; i < width; i++) text += String.fromCharCode(view.getUint8(i))
  return text
}

export function floatFrom(text: string, at: number, width: 4 | 8, isLittle: boolean): number {
  const view = new DataView(new ArrayBuffer(8))
  for (let i = 0; i < width; i++) view.setUint8(i, text.charCodeAt(at + i))
  return width === 4 ? view.getFloat32(0, isLittle) : view.getFloat64(0, isLittle)
}
