// A radix tree from prefixes to numbers: one walk along a text finds the numbers of all prefixes of it. Its cost depends on
// the length of the text, not on how many prefixes there are.

interface Node {
  readonly label: string
  /** Numbers of the prefix that ends here, ascending. */
  numbers: number[] | undefined
  /** By the first character code of the child's label. */
  children: Map<number, Node> | undefined
}

export class RadixTree {
  private readonly root: Node = { label: '', numbers: undefined, children: undefined }
  isEmpty = true

  /** Numbers of one prefix are kept in the order in which they are added. */
  add(prefix: string, number: number): void {
    this.isEmpty = false
    let node = this.root
    let at = 0
    while (at < prefix.length) {
      node.children ??= new Map()
      const child = node.children.get(prefix.charCodeAt(at))
      if (child === undefined) {
        const leaf: Node = { label: prefix.slice(at), numbers: undefined, children: undefined }
        node.children.set(prefix.charCodeAt(at), leaf)
        node = leaf
        break
      }
      const shared = sharedLength(child.label, prefix, at)
      node = shared === child.label.length ? child : split(node, child, shared)
      at += shared
    }
    if (node.numbers === undefined) node.numbers = [number]
    else node.numbers.push(number)
  }

  /** Puts the numbers of every prefix of `text` into `out` from `count` on and returns the new count. */
  collect(text: string, out: (readonly number[])[], count: number): number {
    let node: Node | undefined = this.root
    let at = 0
    while (node !== undefined) {
      if (node.numbers !== undefined) out[count++] = node.numbers
      if (at === text.length) break
      node = node.children?.get(text.charCodeAt(at))
      if (node === undefined || !text.startsWith(node.label, at)) break
      at += node.label.length
    }
    return count
  }
}

function sharedLength(label: string, text: string, at: number): number {
  let length = 0
  while (length < label.length && label.charCodeAt(length) === text.charCodeAt(at + length)) length++
  return length
}

/** Puts a node between `parent` and `child` that takes the first `length` characters of the child's label. */
function split(parent: Node, child: Node, length: number): Node {
  const rest: Node = { ...child, label: child.label.slice(length) }
  const middle: Node = {
    label: child.label.slice(0, length),
    numbers: undefined,
    children: new Map([[rest.label.charCodeAt(0), rest]]),
  }
  parent.children!.set(middle.label.charCodeAt(0), middle)
  return middle
}
