// js-libp2p 3 needs Promise.withResolvers (ECMAScript 2024), which Node 20 does not have. Import this before anything else.
if (typeof Promise.withResolvers !== 'function') {
  Object.defineProperty(Promise, 'withResolvers', {
    configurable: true,
    writable: true,
    value: function withResolvers () {
      const parts = {}
      parts.promise = new this((resolve, reject) => Object.assign(parts, { resolve, reject }))
      return parts
    }
  })
}
