package slices

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

type pair struct{ key, place int }

func byKey(a, b pair) int { return cmp.Compare(a.key, b.key) }

// Both kinds of sorting give what the real ones give, and keep equal elements
// in their order.
func TestSort(t *testing.T) {
	for n := range 200 {
		var data []pair
		var keys []int
		for i := range n {
			key := rand.IntN(n)
			data, keys = append(data, pair{key, i}), append(keys, key)
		}
		want := slices.Clone(data)
		slices.SortStableFunc(want, byKey)
		stable := slices.Clone(data)
		stableCmpFunc(stable, n, byKey)
		pdqsortCmpFunc(data, 0, n, 0, byKey)
		pdqsortOrdered(keys, 0, n, 0)
		if !slices.Equal(data, want) || !slices.Equal(stable, want) || !slices.IsSorted(keys) {
			t.Fatalf("%d elements: %v", n, data)
		}
	}
}
