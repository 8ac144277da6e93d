package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"chatbot/server/chat"
	"chatbot/widget/wire"
)

// React implements chat.Store.
func (s *SQLite) React(ctx context.Context, r chat.Reaction) (m wire.Message, changed bool, err error) {
	err = s.writer.write(ctx, func(tx *transaction) error {
		m, changed, err = react(tx, r)
		return err
	})
	if err != nil {
		return wire.Message{}, false, err
	}
	return m, changed, nil
}

func react(tx *transaction, r chat.Reaction) (wire.Message, bool, error) {
	m, err := findMessage(tx, r.ConversationID, r.MessageID)
	if err != nil || reacted(m, r) == r.On {
		return m, false, err
	}
	if r.On {
		err = addReaction(tx, m, r)
	} else {
		_, err = tx.Exec("DELETE FROM reaction WHERE message_id = $1 AND emoji = $2 AND participant_id = $3", m.ID, r.Emoji, r.By.ID)
	}
	if err != nil {
		return m, false, err
	}
	rev, err := advance(tx, r.ConversationID, r.Now)
	if err != nil {
		return m, false, err
	}
	if _, err := tx.Exec("UPDATE message SET rev = $2 WHERE id = $1", m.ID, rev); err != nil {
		return m, false, err
	}
	m, err = findMessage(tx, r.ConversationID, r.MessageID)
	return m, true, err
}

func reacted(m wire.Message, r chat.Reaction) bool {
	i := indexOf(m, r.Emoji)
	return i >= 0 && slices.Contains(m.Reactions[i].By, r.By.ID)
}

func indexOf(m wire.Message, emoji string) int {
	return slices.IndexFunc(m.Reactions, func(known wire.Reaction) bool { return known.Emoji == emoji })
}

// addReaction stores r as part of the change that comes next. Who enters by it
// does so in a change of its own: a reader finds a gap, and fetches the name.
func addReaction(tx *transaction, m wire.Message, r chat.Reaction) error {
	if m.DeletedAt != nil {
		return wire.NewError(wire.CodeMessageDeleted, "This message has been deleted.")
	}
	if indexOf(m, r.Emoji) < 0 && len(m.Reactions) >= wire.MaxReactions {
		return wire.NewError(wire.CodeTooManyReactions, fmt.Sprintf("A message may have at most %d different emoji.", wire.MaxReactions))
	}
	if _, err := join(tx, r.ConversationID, "", r.By, r.Now); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT INTO reaction (message_id, emoji, participant_id, rev) SELECT $1, $2, $3, rev + 1 FROM conversation WHERE id = $4",
		m.ID, r.Emoji, r.By.ID, r.ConversationID)
	return err
}

// addReactions adds to the messages what people put to them.
func addReactions(ctx context.Context, db querier, messages []wire.Message) error {
	if len(messages) == 0 {
		return nil
	}
	places, ids := map[string]int{}, []any{}
	for i, m := range messages {
		places[m.ID] = i
		ids = append(ids, m.ID)
	}
	all, err := collect(ctx, db, scanReaction,
		"SELECT message_id, emoji, participant_id FROM reaction WHERE message_id IN ("+placeholders(len(ids))+") ORDER BY rev", ids...)
	for _, r := range all {
		m := &messages[places[r.MessageID]]
		i := indexOf(*m, r.Emoji)
		if i < 0 {
			i = len(m.Reactions)
			m.Reactions = append(m.Reactions, wire.Reaction{Emoji: r.Emoji})
		}
		m.Reactions[i].By = append(m.Reactions[i].By, r.By.ID)
	}
	return err
}

func scanReaction(row scanner) (r chat.Reaction, err error) {
	err = row.Scan(&r.MessageID, &r.Emoji, &r.By.ID)
	return r, err
}

// placeholders are $1, $2 … $n.
func placeholders(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("$", i+1)
	}
	return strings.Join(names, ", ")
}
