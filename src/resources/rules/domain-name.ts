// Names of hosts as Istio's kinds take them (RFC 1123, with `*.` in front where a whole domain is meant).

const label = /^[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

export function isDnsLabel(text: string): boolean {
  return dnsLabel.test(text)
}

export function isDomainName(text: string): boolean {
  return (
    text.length > 0 &&
    text.length <= 255 &&
    text
      .replace(/\.$/, '')
      .split('.')
      .every((part) => label.test(part))
  )
}

/** A domain name, `*`, or `*.` and a domain name. */
export function isWildcardDomain(text: string): boolean {
  return text === '*' || isDomainName(text.startsWith('*.') ? text.slice(2) : text)
}
