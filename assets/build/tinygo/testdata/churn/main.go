// Command churn makes and drops trees as a page is drawn anew again and again, and
// says how many KB its heap has come to.
package main

import (
	"fmt"
	"runtime"
	"strconv"
	"unicode"
)

// node is like an element: it refers to the one it is in, so that a dead one that
// is kept keeps all of its tree.
type node struct {
	parent     *node
	attributes map[string]string
	inside     []*node
}

func grow(parent *node, depth int) *node {
	n := &node{parent: parent, attributes: map[string]string{}}
	for i := range 3 {
		n.attributes["name"+strconv.Itoa(i)] = strconv.Itoa(depth)
	}
	for i := 0; depth > 0 && i < 4; i++ {
		n.inside = append(n.inside, grow(n, depth-1))
	}
	return n
}

func main() {
	root := &node{}
	turn, done := make(chan int), make(chan bool)
	for range 4 {
		go func() {
			for depth := range turn {
				root.inside = []*node{grow(root, depth)}
				done <- unicode.IsLetter(rune(depth + 0x1e01)) // has its tables linked
			}
		}()
	}
	for range 400 {
		turn <- 4
		<-done
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Println(m.HeapSys / 1000)
}
