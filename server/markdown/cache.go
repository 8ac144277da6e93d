package markdown

import (
	"sync"

	"chatbot/widget/wire"
)

// cacheSize is how many texts are remembered, and at most as many again.
const cacheSize = 512

// Cache is Parse for texts that come again: a message is read by everybody in
// its conversation, and by each of them more than once. The zero Cache is ready
// for use, from any goroutine.
type Cache struct {
	mu         sync.Mutex
	young, old map[string][]wire.Node
}

// Format is Parse of source.
func (c *Cache) Format(source string) []wire.Node {
	if nodes, ok := c.get(source); ok {
		return nodes
	}
	nodes := Parse(source)
	c.put(source, nodes)
	return nodes
}

func (c *Cache) get(source string) ([]wire.Node, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if nodes, ok := c.young[source]; ok {
		return nodes, true
	}
	nodes, ok := c.old[source]
	return nodes, ok
}

// put remembers nodes; what has not been put for longest is forgotten.
func (c *Cache) put(source string, nodes []wire.Node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= cacheSize {
		c.young, c.old = map[string][]wire.Node{}, c.young
	}
	c.young[source] = nodes
}
