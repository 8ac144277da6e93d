// Package slices holds two files that stand in for files of the same names in
// the standard library's package, which has the rest: sorting merges, in a
// twentieth of the code. Lost: sorting in place; it takes room for a copy.
package slices

func pdqsortCmpFunc[E any](data []E, a, b, _ int, cmp func(a, b E) int) {
	mergeSort(data[a:b], make([]E, b-a), cmp)
}

func stableCmpFunc[E any](data []E, n int, cmp func(a, b E) int) {
	mergeSort(data[:n], make([]E, n), cmp)
}

// mergeSort sorts data and keeps what is equal in its order.
func mergeSort[E any](data, spare []E, cmp func(a, b E) int) {
	if len(data) < 2 {
		return
	}
	m := len(data) / 2
	mergeSort(data[:m], spare, cmp)
	mergeSort(data[m:], spare, cmp)
	left, right := spare[:copy(spare, data[:m])], data[m:]
	for i := 0; len(left) > 0; i++ {
		if len(right) > 0 && cmp(right[0], left[0]) < 0 {
			data[i], right = right[0], right[1:]
		} else {
			data[i], left = left[0], left[1:]
		}
	}
}
