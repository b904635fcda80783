/** A number as people read it, to a hundredth: `1,234.5`. */
export function readableNumber(value: number): string {
  const [whole = '0', fraction = ''] = Math.abs(value).toFixed(2).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  const rest = fraction.replace(/0+$/, '')
  const digits = rest === '' ? grouped : `${grouped}.${rest}`
  return value < 0 && digits !== '0' ? `-${digits}` : digits
}
