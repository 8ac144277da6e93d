// Package answer is the bot: it knows a set of Markdown pages, finds the
// passage that fits a question and quotes it, and says so when none does.
//
// A Bot is made once and is then safe for concurrent use. It invents nothing:
// every answer is a passage of a page, a courtesy, or the admission that it does
// not know together with what it does know.
package answer

import (
	"context"
	"fmt"
	"strings"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// Bot answers from its pages. It implements chat.Responder.
type Bot struct {
	index *index
}

var _ chat.Responder = (*Bot)(nil)

// New makes a bot that knows the documents.
func New(documents []Document) (*Bot, error) {
	index, err := newIndex(documents)
	if err != nil {
		return nil, fmt.Errorf("index the knowledge base: %w", err)
	}
	return &Bot{index: index}, nil
}

// Close frees the index.
func (b *Bot) Close() error { return b.index.close() }

// Respond implements chat.Responder.
func (b *Bot) Respond(ctx context.Context, question string, _ []wire.Message) (chat.Answer, error) {
	language := languageOf(question)
	if reply, ok := courtesy(question); ok {
		return chat.Answer{Body: reply}, nil
	}
	hits, err := b.index.search(ctx, question, language)
	if err != nil {
		return chat.Answer{}, err
	}
	if len(hits) > 0 && hits[0].confident {
		p := hits[0].passage
		return chat.Answer{Body: p.quote(), Source: &wire.Source{Title: p.document, URL: p.url}}, nil
	}
	return chat.Answer{Body: b.admit(language, hits)}, nil
}

// admit says that the bot does not know, and offers what is really there: the
// nearest headings, or else the first ones of its pages.
func (b *Bot) admit(language string, hits []hit) string {
	offers := []string{}
	seen := map[string]bool{}
	near := []passage{}
	for _, h := range hits {
		near = append(near, h.passage)
	}
	all := append(near, b.index.passages...)
	for _, questions := range []bool{true, false} { // what is a question itself can be asked
		for _, p := range all {
			if isQuestion(p.heading) == questions && len(offers) < 3 && p.heading != "" && !seen[p.heading] && (p.language == language || language == "") {
				seen[p.heading] = true
				offers = append(offers, "- "+p.heading)
			}
		}
	}
	words := admissions[language]
	if words == [2]string{} {
		words = admissions["en"]
	}
	if len(offers) == 0 {
		return words[0]
	}
	return words[0] + "\n\n" + words[1] + "\n\n" + strings.Join(offers, "\n")
}

func isQuestion(heading string) bool {
	return strings.HasSuffix(heading, "?") || strings.HasSuffix(heading, "？") || strings.HasSuffix(heading, "؟")
}
