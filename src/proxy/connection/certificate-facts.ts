// Facts of an X.509 certificate in the shape that policies, logs and headers need. Parsed once per certificate: the peer's
// by fingerprint in a small cache, since pools of tunnels present the same few.

import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { Lru } from '../../lib/lru.ts'
import type { CertificateFacts, TlsFacts } from '../stream/connection-facts.ts'

const parsed = new Lru<string, CertificateFacts>(1024)

/** @param der the certificate as it was presented. */
export function certificateFacts(der: Buffer): CertificateFacts {
  const key = der.toString('latin1')
  const known = parsed.get(key)
  if (known !== undefined) return known
  const facts = parseCertificate(new X509Certificate(der))
  parsed.set(key, facts)
  return facts
}

export function parseCertificate(certificate: X509Certificate): CertificateFacts {
  const names = subjectAlternativeNames(certificate.subjectAltName ?? '')
  return {
    uriSans: names.URI,
    dnsSans: names.DNS,
    ipSans: names.IP,
    emailSans: names.email,
    subject: rfc2253(certificate.subject),
    issuer: rfc2253(certificate.issuer),
    serial: certificate.serialNumber.toLowerCase(),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    validFromMs: Date.parse(certificate.validFrom),
    validToMs: Date.parse(certificate.validTo),
    pem: certificate.toString(),
  }
}

/** After the handshake; `local` is what this side presented, `verifiesPeer` whether it has roots to verify with. */
export function tlsFacts(socket: TLSSocket, local: CertificateFacts | undefined, verifiesPeer: boolean): TlsFacts {
  const peer = socket.getPeerX509Certificate()
  return {
    local,
    peer: peer === undefined ? undefined : certificateFacts(peer.raw),
    isPeerVerified: verifiesPeer && peer !== undefined,
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().standardName,
    alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : '',
    sni: typeof socket.servername === 'string' ? socket.servername : '',
  }
}

interface Names {
  URI: string[]
  DNS: string[]
  IP: string[]
  email: string[]
}

/**
 * Node prints `TYPE:value, TYPE:value` and writes a value that could be taken for a separator as a JSON string
 * (since CVE-2021-44532), so a name cannot smuggle another one in.
 */
function subjectAlternativeNames(text: string): Names {
  const names: Names = { URI: [], DNS: [], IP: [], email: [] }
  const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy
  for (let match = entry.exec(text); match !== null && match[0] !== ''; match = entry.exec(text)) {
    const value = match[2].startsWith('"') ? (JSON.parse(match[2]) as string) : match[2]
    if (match[1] === 'URI') names.URI.push(value)
    else if (match[1] === 'DNS') names.DNS.push(value)
    else if (match[1] === 'IP Address') names.IP.push(value)
    else if (match[1] === 'email') names.email.push(value)
  }
  return names
}

/** Node prints one `KEY=value` a line, most general first; RFC 2253 wants the reverse, joined with commas. */
function rfc2253(lines: string | undefined): string {
  if (lines === undefined || lines === '') return ''
  return lines
    .split('\n')
    .reverse()
    .map((line) => {
      const equals = line.indexOf('=')
      return `${line.slice(0, equals)}=${line.slice(equals + 1).replace(/[,+"\\<>;]/g, '\\$&')}`
    })
    .join(',')
}
