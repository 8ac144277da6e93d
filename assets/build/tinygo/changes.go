package tinygo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// change puts new in the place of old, which must stand once in a source of
// TinyGo.
type change struct{ file, old, new string }

// changes are made to a copy of TinyGo's own libraries for each build.
//
// Every callback from JavaScript is a goroutine with a stack. TinyGo leaves each
// to the garbage collector, which in a burst of messages neither finds the room
// for the next one between what lives nor all that is dead: the memory grew to
// 67 MB. Here the stack of a goroutine that has ended is the next
// one's, so that there are as many as ever ran at once, which is about ten. And
// the memory grows by an eighth, not to twice its size.
//
// The collector takes for a pointer whatever could be one. In a memory of some MB
// that is true of many numbers, and one of them is enough to keep all that was
// ever drawn on a page: of 18 MB that seemed to live after 5,000 messages 12 were
// dead. It no longer looks at three kinds of them:
//
//   - What is left on the stack of a goroutine that waits, beyond what it uses, is
//     wiped before each collection, and all of it when the goroutine has ended.
//   - Globals that are as they were when the program began, above all tables, have
//     never been given a pointer. A copy of all globals is kept to compare.
//   - Of the hashes in a map each word has the first one in its highest byte, and a
//     hash is 128 or more, so that the word is beyond the memory.
//
// What it frees lies in pieces between what lives, and a list of a thousand messages
// finds no room in 20 MB of which 15 are free: after 20,000 messages the memory had
// 71 MB. Here what is small leaves wide ranges alone. Where it finds nothing else and
// an eighth of the heap has been allocated since the last collection, there is
// another one first; the memory stays at 11 MB.
//
// The seeds of maps come from the browser's random bytes. TinyGo's come from the C
// library's own generator, which brings printf along for what it says when it
// fails.
var changes = []change{{
	file: "internal/task/task_asyncify.go",
	old:  "	launched bool\n}\n",
	new: `	launched bool

	running bool
	ended   bool
	on      *lent
}

// lent is a stack, all of which are of one size, and the goroutine that has it now.
type lent struct {
	stack unsafe.Pointer
	size  uintptr
	to    *state // nil for none
	next  *lent
}

var allLent *lent

// lend finds a stack for a goroutine.
func lend(to *state, size uintptr) *lent {
	l := allLent
	for l != nil && l.to != nil {
		l = l.next
	}
	if l == nil {
		l = &lent{stack: runtime_alloc(size, nil), size: size, next: allLent}
		allLent = l
	}
	l.to = to
	return l
}

// Wipe clears what no goroutine that waits uses of its stack: the room between
// what it saved, at the bottom, and what it works with, at the top.
func Wipe() {
	for l := allLent; l != nil; l = l.next {
		if s := l.to; s != nil && !s.running {
			memzero(s.asyncifysp, uintptr(s.csp)-uintptr(s.asyncifysp))
		}
	}
}

//go:linkname memzero runtime.memzero
func memzero(ptr unsafe.Pointer, size uintptr)

// Exit suspends the current task for good.
func Exit() {
	currentTask.state.ended = true
	Pause()
}
`,
}, {
	file: "internal/task/task_asyncify.go",
	old:  "	stack := runtime_alloc(stackSize, nil)\n",
	new:  "	s.on = lend(s, stackSize)\n	stack := s.on.stack\n",
}, {
	file: "internal/task/task_asyncify.go",
	old:  "	t.gcData.swap()\n	currentTask = t\n",
	new:  "	t.gcData.swap()\n	currentTask = t\n	t.state.running = true\n",
}, {
	file: "internal/task/task_asyncify.go",
	old: `		runtimePanic("stack overflow")
	}
}

//go:linkname saveStackPointer`,
	new: `		runtimePanic("stack overflow")
	}
	t.state.running = false
	if t.state.ended {
		memzero(t.state.on.stack, t.state.on.size)
		t.state.on.to = nil
	}
}

//go:linkname saveStackPointer`,
}, {
	file: "runtime/scheduler_cooperative.go",
	old:  "	task.Pause()\n	panic(\"unreachable\")\n",
	new:  "	task.Exit()\n	panic(\"unreachable\")\n",
}, {
	file: "runtime/gc_blocks.go",
	old:  "	// Mark phase: mark all reachable objects, recursively.\n",
	new:  "	task.Wipe()\n	collected = gcTotalAlloc\n\n	// Mark phase: mark all reachable objects, recursively.\n",
}, {
	file: "runtime/gc_blocks.go",
	old:  "		pointer = popFreeRange(neededBlocks)\n		if pointer != nil {\n			break\n		}\n",
	new: `		if ranGC || !spared(neededBlocks) {
			pointer = popFreeRange(neededBlocks)
		}
		if pointer != nil {
			break
		}
`,
}, {
	file: "runtime/gc_blocks.go",
	old:  "func isOnHeap(ptr uintptr) bool {\n",
	new: `// What is small does not take from a range that is wide, in blocks.
const (
	small = 4096 / bytesPerBlock
	wide  = 32768 / bytesPerBlock
)

// collected is how much had been allocated at the last collection.
var collected uint64

// spared reports whether there is nothing for a small allocation but a wide range,
// while it is time to collect.
func spared(blocks uintptr) bool {
	due := gcTotalAlloc-collected >= uint64(endBlock)*uint64(bytesPerBlock)/8
	if !due || blocks > small {
		return false
	}
	r := freeRanges
	for r != nil && r.len < blocks {
		r = r.nextLen
	}
	return r != nil && r.len >= wide
}

func isOnHeap(ptr uintptr) bool {
`,
}, {
	file: "runtime/gc_blocks.go",
	old:  "func initHeap() {\n",
	new:  "func initHeap() {\n	keepGlobals()\n",
}, {
	file: "runtime/gc_stack_portable.go",
	old:  "	findGlobals(markRoots)\n",
	new:  "	markGlobals()\n",
}, {
	file: "runtime/gc_stack_portable.go",
	old:  "//go:extern runtime.stackChainStart\n",
	new: `// kept is where the globals are as they were when the program began.
var kept uintptr

// keepGlobals puts them there, which is before the heap.
func keepGlobals() {
	size := globalsEnd - globalsStart
	if wasm_memory_grow(wasmMemoryIndex, int32(size/wasmPageSize+1)) == -1 {
		runtimePanic("out of memory")
	}
	heapEnd = uintptr(wasm_memory_size(wasmMemoryIndex) * wasmPageSize)
	kept = heapStart
	memcpy(unsafe.Pointer(kept), unsafe.Pointer(globalsStart), size)
	heapStart = align(kept + size)
}

// markGlobals marks what globals refer to.
func markGlobals() {
	for addr := globalsStart; addr < globalsEnd; addr += unsafe.Alignof(addr) {
		root := *(*uintptr)(unsafe.Pointer(addr))
		if root != *(*uintptr)(unsafe.Pointer(kept + addr - globalsStart)) {
			markRoot(addr, root)
		}
	}
}

//go:extern runtime.stackChainStart
`,
}, {
	file: "runtime/hashmap.go",
	old:  "	if tophash < 1 {\n		// 0 means empty slot, so make it bigger.\n		tophash += 1\n	}\n	return tophash\n",
	new:  "	return tophash | 0x80\n",
}, {
	file: "runtime/hashmap.go",
	old:  "	var emptySlotTophash *byte\n	for bucket != nil {\n		for i := uint8(0); i < 8; i++ {\n",
	new:  "	var emptySlotTophash *byte\n	for bucket != nil {\n		for n := uint8(0); n < 8; n++ {\n			i := n ^ 3\n",
}, {
	file: "runtime/hashmap.go",
	old:  "	slotKey := hashmapSlotKey(m, bucket, 0)\n	slotValue := hashmapSlotValue(m, bucket, 0)\n",
	new:  "	slotKey := hashmapSlotKey(m, bucket, 3)\n	slotValue := hashmapSlotValue(m, bucket, 3)\n",
}, {
	file: "runtime/hashmap.go",
	old:  "	bucket.tophash[0] = tophash\n",
	new:  "	bucket.tophash[3] = tophash\n",
}, {
	file: "runtime/arch_tinygowasm.go",
	old:  "wasm_memory_grow(wasmMemoryIndex, memorySize)",
	new:  "wasm_memory_grow(wasmMemoryIndex, max(16, memorySize/8))",
}, {
	file: "runtime/runtime_tinygowasm.go",
	old:  "	n |= uint64(libc_arc4random())\n	n |= uint64(libc_arc4random()) << 32\n	return n, true\n}\n",
	new: `	random_get(unsafe.Pointer(&n), 8)
	return n, true
}

//go:wasmimport wasi_snapshot_preview1 random_get
func random_get(buf unsafe.Pointer, size uint32) (errno uint32)
`,
}}

// oneTimer is made in the support script. Whenever nothing is left to do until a
// time, the scheduler asks to be called then, and TinyGo's script forgets none of
// what was asked before: after 2,000 messages a hundred thousand timers went on
// calling the scheduler, which asked for another one each time. What is asked last
// is the earliest time of all, so the timer before is dropped.
var oneTimer = change{
	file: "wasm_exec.js",
	old:  "						setTimeout(() => {\n							if (this.exited) return;\n",
	new:  "						clearTimeout(this._timer);\n						this._timer = setTimeout(() => {\n							if (this.exited) return;\n",
}

// apply makes the changes in src. What it changes it puts in the place of links.
func apply(changes []change, src string) error {
	for _, c := range changes {
		file := filepath.Join(src, filepath.FromSlash(c.file))
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		changed, err := c.in(content)
		if err != nil {
			return err
		}
		if err := os.Remove(file); err != nil {
			return err
		}
		if err := os.WriteFile(file, changed, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// in gives what becomes of a file's content.
func (c change) in(content []byte) ([]byte, error) {
	if n := strings.Count(string(content), c.old); n != 1 {
		return nil, fmt.Errorf("%s has %d times what TinyGo %s has once: %q", c.file, n, Version, c.old)
	}
	return []byte(strings.Replace(string(content), c.old, c.new, 1)), nil
}
