package slices

import "cmp"

func pdqsortOrdered[E cmp.Ordered](data []E, a, b, _ int) {
	mergeSort(data[a:b], make([]E, b-a), cmp.Compare[E])
}
