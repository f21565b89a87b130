// The date header's text, made once a second.

let dateSecond = 0
let dateText = ''

/** Now, as an IMF-fixdate (RFC 9110 5.6.7). */
export function httpDate(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = new Date(second * 1000).toUTCString()
  }
  return dateText
}
