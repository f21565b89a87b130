// The values of an AuthorizationPolicy's fields: addresses, ports, paths, names.

import { parseCidrText } from '../../lib/cidr.ts'
import type { FieldPath } from '../field-path.ts'
import type { Report } from '../schema.ts'

export type ValuesCheck = (values: readonly string[], path: FieldPath, report: Report) => void

/** Checks each value: undefined means that it is right, text says what is wrong. */
function each(wrong: (value: string) => string | undefined, remedy = ''): ValuesCheck {
  return (values, path, report) => {
    for (const [index, value] of values.entries()) {
      if (value === '') report([...path, index], 'must not be empty', 'remove it, or write "*" for any value')
      else {
        const message = wrong(value)
        if (message !== undefined) report([...path, index], message, remedy)
      }
    }
  }
}

export const checkNotEmpty = each(() => undefined)

/** Control characters are in no header; Envoy refuses matchers with them. */
export const checkHeaderValues = each((value) =>
  /[\u0000\r\n]/.test(value) ? `${JSON.stringify(value)} has a character that no header has` : undefined,
)

export const checkAddresses = each(
  (value) => (isAddress(value) ? undefined : `${JSON.stringify(value)} is neither an address nor a range`),
  'write 10.1.2.3 or 10.1.0.0/16',
)

export const checkPorts = each(
  (value) => (/^\d+$/.test(value) && Number(value) <= 65_535 ? undefined : `${JSON.stringify(value)} is not a port`),
  'write a number from 0 to 65535, in quotes',
)

/** A `*` stands for any characters, anywhere. */
export const checkNamespaces = each(
  (value) => (value.includes('/') ? `${JSON.stringify(value)} is not a namespace` : undefined),
  'write the name of a namespace, perhaps with "*"',
)

export const checkTrustDomains = each((value) => {
  if (value.includes('/')) return `${JSON.stringify(value)} is not a trust domain: it has a "/"`
  const wildcards = value.split('*').length - 1
  if (wildcards > 1) return `${JSON.stringify(value)} has more than one "*"`
  const isInside = wildcards === 1 && !value.startsWith('*') && !value.endsWith('*')
  return isInside ? `${JSON.stringify(value)} has a "*" that is neither at its beginning nor at its end` : undefined
})

export const checkServiceAccounts = each((value) => {
  if (value.includes('*')) return `${JSON.stringify(value)} has a "*", which means nothing here`
  const parts = value.split('/')
  return parts.length > 2 || parts.includes('') ? `${JSON.stringify(value)} is not a service account` : undefined
}, 'write ACCOUNT or NAMESPACE/ACCOUNT')

/** Plain paths with a `*` at one end, or templates with `{*}` and `{**}` for whole segments. */
export const checkPaths = each((value) => {
  const segments = value.replace(/^[/]+|[/]+$/g, '').split('/')
  const isTemplate = segments.some((segment) => segment.includes('{*}') || segment.includes('{**}'))
  const quoted = JSON.stringify(value)
  if (isTemplate && !value.startsWith('/')) return `the path template ${quoted} must begin with "/"`
  if (isTemplate && value.includes('//')) return `the path template ${quoted} has an empty segment`
  const rest = segments.indexOf('{**}')
  if (rest >= 0 && segments.slice(rest + 1).some((segment) => segment.startsWith('{'))) {
    return `the path template ${quoted} goes on behind {**}`
  }
  for (const segment of segments) {
    if (segment === '{*}' || segment === '{**}') continue
    if (/[{}]/.test(segment)) return `${quoted} has a brace; the templates are {*} and {**}, as whole segments`
    if (isTemplate && !literalSegment.test(segment)) {
      return `the path template ${quoted} has the segment ${JSON.stringify(segment)}, which no path has`
    }
  }
  return undefined
})

/** RFC 3986 pchar but `*`. */
const literalSegment = /^[-\w.~%!$&'()+,;:@=]+$/

function isAddress(value: string): boolean {
  const range = parseCidrText(value)
  // As Go reads prefixes: their length is that of their family at most.
  const length = value.split('/')[1]
  return range !== undefined && (length === undefined || Number(length) <= (value.includes(':') ? 128 : 32))
}
