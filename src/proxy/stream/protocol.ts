// The protocol of a stream, as %PROTOCOL% prints it.

export type Protocol = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2' | 'HTTP/3'
