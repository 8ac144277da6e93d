package answer

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/spanish"
	_ "modernc.org/sqlite" // FTS5 does the searching
)

// index searches passages by their word stems and, for typing errors and for
// languages written without spaces, by groups of three letters. Both are FTS5
// tables in memory.
type index struct {
	db       *sql.DB
	passages []passage
	terms    []map[string]bool // of each passage, heading included
	grams    []map[string]bool
	rarity   map[string]int // in how many passages a term occurs
}

// hit is a passage that may fit. A confident one covers most of what the
// question is about.
type hit struct {
	passage   passage
	score     float64
	confident bool
}

const (
	// candidates is how many passages are looked at closely.
	candidates = 20
	// enough is the share of a question's weight that a passage must cover to
	// be given as its answer.
	enough = 0.6
)

func newIndex(documents []Document) (*index, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // each connection would have a memory of its own
	x := &index{db: db, rarity: map[string]int{}}
	if err := x.fill(documents); err != nil {
		db.Close()
		return nil, err
	}
	return x, nil
}

func (x *index) fill(documents []Document) error {
	for _, statement := range []string{
		"CREATE VIRTUAL TABLE stems USING fts5(heading, body, tokenize = 'unicode61')",
		"CREATE VIRTUAL TABLE grams USING fts5(heading, body, tokenize = 'unicode61')",
	} {
		if _, err := x.db.Exec(statement); err != nil {
			return err
		}
	}
	tx, err := x.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, d := range documents {
		for _, p := range d.passages() {
			x.add(p)
			heading, body := stems(p.heading, p.language), stems(p.text, p.language)
			id := len(x.passages)
			if _, err := tx.Exec("INSERT INTO stems (rowid, heading, body) VALUES ($1, $2, $3)", id, strings.Join(heading, " "), strings.Join(body, " ")); err != nil {
				return err
			}
			if _, err := tx.Exec("INSERT INTO grams (rowid, heading, body) VALUES ($1, $2, $3)", id, strings.Join(grams(p.heading), " "), strings.Join(grams(p.text), " ")); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

func (x *index) add(p passage) {
	x.passages = append(x.passages, p)
	terms := set(stems(p.document+" "+p.heading+" "+p.text, p.language))
	x.terms = append(x.terms, terms)
	x.grams = append(x.grams, set(grams(p.document+" "+p.heading+" "+p.text)))
	for term := range terms {
		x.rarity[term]++
	}
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}

func (x *index) close() error { return x.db.Close() }

// search gives passages, best first.
func (x *index) search(ctx context.Context, question, language string) ([]hit, error) {
	wanted := distinct(stems(question, language), maxStems)
	found := map[int]float64{}
	for _, table := range []struct {
		name   string
		terms  []string
		weight float64
	}{{"stems", wanted, 1}, {"grams", distinct(grams(question), maxGrams), 0.35}} {
		if len(table.terms) == 0 {
			continue
		}
		rows, err := x.db.QueryContext(ctx, fmt.Sprintf("SELECT rowid, -bm25(%[1]s, 4, 1) FROM %[1]s WHERE %[1]s MATCH $1 ORDER BY bm25(%[1]s, 4, 1) LIMIT %[2]d", table.name, candidates), anyOf(table.terms))
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var id int
			var score float64
			if err := rows.Scan(&id, &score); err != nil {
				rows.Close()
				return nil, err
			}
			found[id-1] += score * table.weight
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return x.rank(found, question, wanted, language), nil
}

// anyOf is an FTS5 query for any of the terms; terms hold letters and digits
// only, so quoting cannot be broken out of.
func anyOf(terms []string) string { return `"` + strings.Join(terms, `" OR "`) + `"` }

// rank orders what was found and judges whether it answers the question.
func (x *index) rank(found map[int]float64, question string, wanted []string, language string) []hit {
	questionGrams := distinct(grams(question), maxGrams)
	hits := []hit{}
	for id, score := range found {
		p := x.passages[id]
		cover := max(x.cover(id, wanted), x.gramCover(id, questionGrams, language))
		if p.language != language && language != "" {
			score *= 0.5
		}
		hits = append(hits, hit{passage: p, score: score * (0.3 + cover), confident: cover >= enough})
	}
	sortHits(hits)
	return hits
}

// cover is the share of the question's weight that the passage holds. Rare
// words weigh more; words that no page knows weigh most.
func (x *index) cover(id int, wanted []string) float64 {
	var all, held float64
	for term := range set(wanted) {
		weight := 1.0 / (1 + float64(x.rarity[term])/float64(max(1, len(x.passages)))*8)
		all += weight
		if x.terms[id][term] {
			held += weight
		} else if x.nearly(id, term) {
			held += weight * 0.8
		}
	}
	if all == 0 {
		return 0
	}
	return held / all
}

// nearly forgives a typing error in a word of some length.
func (x *index) nearly(id int, term string) bool {
	if len(term) < 5 || x.rarity[term] > 0 {
		return false
	}
	for known := range x.terms[id] {
		if d := len(known) - len(term); d >= -1 && d <= 1 && oneEdit(known, term) {
			return true
		}
	}
	return false
}

// gramCover is for languages without spaces between words.
func (x *index) gramCover(id int, wanted []string, language string) float64 {
	if language != "ja" && language != "zh" {
		return 0
	}
	held := 0
	for _, gram := range wanted {
		if x.grams[id][gram] {
			held++
		}
	}
	return float64(held) / float64(max(1, len(wanted)))
}

// oneEdit reports whether one letter changed, added, dropped or swapped with its
// neighbour makes a into b.
func oneEdit(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	if len(x) != len(y) {
		return len(y)-len(x) == 1 && string(x[i:]) == string(y[i+1:])
	}
	if i == len(x) {
		return true
	}
	if string(x[i+1:]) == string(y[i+1:]) {
		return true
	}
	return i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && string(x[i+2:]) == string(y[i+2:])
}

// words are the runs of letters and digits, in lower case.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
}

// stems are the words that carry meaning, without their endings.
func stems(s, language string) []string {
	out := []string{}
	for _, word := range words(s) {
		if stopWords[word] {
			continue
		}
		out = append(out, stem(word, language))
	}
	return out
}

func stem(word, language string) string {
	env := snowballstem.NewEnv(word)
	switch language {
	case "de":
		german.Stem(env)
	case "fr":
		french.Stem(env)
	case "es":
		spanish.Stem(env)
	default:
		english.Stem(env)
	}
	return env.Current()
}

// How many different terms of a question are looked for: the work grows with their
// number times how often each occurs, and a question may be of any words.
const (
	maxStems = 64
	maxGrams = 200
)

// distinct are the first n different ones.
func distinct(terms []string, n int) (first []string) {
	seen := map[string]bool{}
	for _, term := range terms {
		if len(first) == n {
			break
		}
		if !seen[term] {
			seen[term] = true
			first = append(first, term)
		}
	}
	return first
}

// grams are all groups of letters in a word: three, or two in scripts where a
// character is a syllable or a word.
func grams(s string) []string {
	out := []string{}
	for _, word := range words(s) {
		letters := []rune(word)
		size := 3
		if unicode.In(letters[0], unicode.Han, unicode.Hiragana, unicode.Katakana) {
			size = 2
		} else if stopWords[word] {
			continue
		}
		for i := 0; i+size <= len(letters); i++ {
			out = append(out, string(letters[i:i+size]))
		}
	}
	return out
}

func sortHits(hits []hit) {
	slices.SortFunc(hits, func(a, b hit) int {
		if a.confident != b.confident {
			if a.confident {
				return -1
			}
			return 1
		}
		if a.score != b.score {
			return cmp.Compare(b.score, a.score)
		}
		return cmp.Compare(a.passage.heading, b.passage.heading)
	})
}
