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
// one's, so that there are as many as ever ran at once, which is about ten. What
// lay on it is wiped, since the collector takes it for pointers. And the memory
// grows by an eighth, not to twice its size.
//
// The seeds of maps come from the browser's random bytes. TinyGo's come from the C
// library's own generator, which brings printf along for what it says when it
// fails.
var changes = []change{{
	file: "internal/task/task_asyncify.go",
	old:  "	launched bool\n}\n",
	new: `	launched bool

	ended     bool
	stackSize uintptr
}

// spare is the first of the stacks that wait for a goroutine, each of which
// begins with the address of the next.
var spare unsafe.Pointer

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
	new: `	stack := spare
	if stack != nil {
		spare = *(*unsafe.Pointer)(stack)
	} else {
		stack = runtime_alloc(stackSize, nil)
	}
	s.stackSize = stackSize
`,
}, {
	file: "internal/task/task_asyncify.go",
	old: `		runtimePanic("stack overflow")
	}
}

//go:linkname saveStackPointer`,
	new: `		runtimePanic("stack overflow")
	}
	if t.state.ended {
		stack := unsafe.Pointer(t.state.canaryPtr)
		memzero(stack, t.state.stackSize)
		*(*unsafe.Pointer)(stack) = spare
		spare = stack
	}
}

//go:linkname saveStackPointer`,
}, {
	file: "runtime/scheduler_cooperative.go",
	old:  "	task.Pause()\n	panic(\"unreachable\")\n",
	new:  "	task.Exit()\n	panic(\"unreachable\")\n",
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
