package faults

import (
	"slices"
	"testing"

	"github.com/maru-chat/maru/internal/wire"
)

// sound is a small run in which every promise is kept: a sends two messages, edits the first one and gives up a third; b
// deletes the second one; c reads all of it, on two connections.
func sound() evidence {
	message := func(seq, rev int64, id, kind, text string) wire.Message {
		return wire.Message{RoomID: "r", Seq: seq, Rev: rev, ClientID: id, SenderID: "a", Kind: kind, Text: text}
	}
	first, second := message(2, 2, "a-0", wire.KindMessage, "one"), message(3, 3, "a-1", wire.KindMessage, "two")
	edited, deleted := message(2, 4, "a-0", wire.KindMessage, "one!"), message(3, 5, "a-1", wire.KindDeleted, "")
	abandoned := message(6, 6, "a-2", wire.KindMessage, "three")
	made := wire.Message{RoomID: "r", Seq: 1, Rev: 1, Kind: wire.KindSystem}
	history := []wire.Message{made, edited, deleted, abandoned}
	return evidence{
		Rooms: []room{{
			ID: "r", Head: 6, History: history,
			Changes: map[int64][]wire.Message{0: history, 4: {deleted, abandoned}, 6: nil},
		}},
		Changes: []change{
			{Line: "a", Verb: "send", Room: "r", By: "a", ID: "a-0", Text: "one", Got: &first},
			{Line: "a", Verb: "send", Room: "r", By: "a", ID: "a-1", Text: "two", Got: &second},
			{Line: "a", Verb: "edit", Room: "r", By: "a", ID: "a-0", Text: "one!", Got: &edited},
			{Line: "b", Verb: "delete", Room: "r", By: "b", ID: "a-1", Got: &deleted},
			{Line: "a", Verb: "send", Room: "r", By: "a", ID: "a-2", Text: "three"},
		},
		Views: []view{
			{
				Who: "c", Room: "r", Cursor: 6, Messages: []wire.Message{edited, deleted, abandoned},
				Steps: []step{
					{gotReady, 1, 1, 0}, {gotMessage, 1, 2, 2}, {gotMessage, 2, 3, 3}, // then the connection broke
					{gotReady, 0, 4, 0}, {gotMessage, 4, 5, 3}, {gotChanges, 3, 5, 0}, {gotMessage, 5, 6, 6},
				},
			},
			{
				Who: "c too", Room: "r", Cursor: 6, Messages: []wire.Message{deleted, abandoned},
				Steps: []step{{gotReady, 1, 2, 0}, {gotReady, 0, 4, 0}, {gotReset, 2, 4, 3}, {gotMessage, 4, 5, 3}, {gotMessage, 5, 6, 6}},
			},
		},
	}
}

// TestTheCheckFails breaks each promise in turn: a check that finds nothing must have been able to.
func TestTheCheckFails(t *testing.T) {
	if found := check(sound()); len(found) > 0 {
		t.Fatal(found)
	}
	history := func(e *evidence) *[]wire.Message { return &e.Rooms[0].History }
	steps := func(e *evidence) *[]step { return &e.Views[0].Steps }
	for name, c := range map[string]struct {
		spoil func(e *evidence)
		want  fault
	}{
		"an acknowledged message is gone":       {func(e *evidence) { *history(e) = slices.Delete(*history(e), 1, 2) }, lost},
		"a message is stored twice":             {func(e *evidence) { m := (*history(e))[1]; m.Seq, m.Rev = 7, 7; *history(e) = append(*history(e), m) }, repeated},
		"two messages have one rev":             {func(e *evidence) { (*history(e))[1].Rev = 5 }, repeated},
		"an acknowledged edit is gone":          {func(e *evidence) { (*history(e))[1] = *e.Changes[0].Got }, stale},
		"an acknowledged deletion is gone":      {func(e *evidence) { (*history(e))[2] = *e.Changes[1].Got }, stale},
		"an edit says something else":           {func(e *evidence) { e.Changes[2].Text = "one?" }, stale},
		"what was given up is stored otherwise": {func(e *evidence) { (*history(e))[3].Text = "four" }, stale},
		"what was given up is stored twice":     {func(e *evidence) { m := (*history(e))[3]; m.Seq, m.Rev = 7, 7; *history(e) = append(*history(e), m) }, repeated},
		"nobody sent it":                        {func(e *evidence) { e.Changes = e.Changes[:4] }, stray},
		"history is out of order":               {func(e *evidence) { h := *history(e); h[1], h[2] = h[2], h[1] }, disordered},
		"a sender is out of order":              {func(e *evidence) { e.Changes[0], e.Changes[1] = e.Changes[1], e.Changes[0] }, disordered},
		"the head is behind":                    {func(e *evidence) { e.Rooms[0].Head = 5 }, disordered},
		"the changes miss one":                  {func(e *evidence) { e.Rooms[0].Changes[4] = e.Rooms[0].Changes[4][1:] }, stale},
		"a reader misses one":                   {func(e *evidence) { e.Views[0].Messages = e.Views[0].Messages[1:] }, lost},
		"a reader misses one of the page":       {func(e *evidence) { e.Views[1].Messages = e.Views[1].Messages[1:] }, lost},
		"a reader holds one twice":              {func(e *evidence) { v := &e.Views[0]; v.Messages = append(v.Messages, v.Messages[0]) }, repeated},
		"a reader holds an old state":           {func(e *evidence) { e.Views[0].Messages[1] = *e.Changes[1].Got }, stale},
		"a reader saw what is not stored":       {func(e *evidence) { e.Views[0].Messages = append(e.Views[0].Messages, wire.Message{Seq: 9}) }, stray},
		"a reader is behind":                    {func(e *evidence) { *steps(e) = (*steps(e))[:6]; e.Views[0].Cursor = 5 }, lost},
		"a reader breaks the rule":              {func(e *evidence) { e.Views[0].Cursor = 5 }, stray},
		"a repetition on one connection":        {func(e *evidence) { *steps(e) = append(*steps(e), step{gotMessage, 5, 6, 6}) }, repeated},
		"a disorder on one connection":          {func(e *evidence) { s := *steps(e); s[1], s[2] = s[2], s[1] }, disordered},
		"a gap on one connection":               {func(e *evidence) { *steps(e) = slices.Delete(*steps(e), 1, 2) }, gap},
		"a gap behind ready":                    {func(e *evidence) { (*steps(e))[4].since = 5 }, gap},
		"a head that was told and is gone":      {func(e *evidence) { (*steps(e))[3].rev = 7 }, lost},
	} {
		e := sound()
		c.spoil(&e)
		if !slices.ContainsFunc(check(e), func(f finding) bool { return f.fault == c.want }) {
			t.Errorf("%s: want %s, found %v", name, c.want, check(e))
		}
	}
}
