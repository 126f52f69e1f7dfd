// The rule for records of the test namespaces: valid if not empty and not beginning with ff; the largest value wins.

function validate (key, value) {
  if (value.byteLength === 0 || value[0] === 0xff) {
    throw new Error('not a valid value')
  }
}

function select (key, values) {
  let best = 0
  for (let i = 1; i < values.length; i++) {
    if (Buffer.compare(values[i], values[best]) > 0) {
      best = i
    }
  }
  return best
}

const forEach = (namespaces, rule) => Object.fromEntries(namespaces.map(name => [name, rule]))

export const validators = namespaces => forEach(namespaces, validate)
export const selectors = namespaces => forEach(namespaces, select)
